import { db } from '../db.ts'
import { stored } from '../unsaved.tsx'

const now = () => new Date().toISOString()

export function addTask(title: string, assignee: string | null): void {
  stored(db.collections.tasks.insert({ id: crypto.randomUUID(), title, assignee, done: false, createdAt: now() }))
}

export function setDone(id: string, done: boolean): void {
  stored(db.collections.tasks.update(id, (task) => void (task.done = done)))
}

export function rename(id: string, title: string): void {
  stored(db.collections.tasks.update(id, (task) => void (task.title = title)))
}

export function assign(id: string, assignee: string | null): void {
  stored(db.collections.tasks.update(id, (task) => void (task.assignee = assignee)))
}

export function remove(id: string): void {
  stored(db.collections.tasks.delete(id))
}

export function addComment(task: string, author: string, text: string): void {
  stored(db.collections.comments.insert({ id: crypto.randomUUID(), task, author, text, createdAt: now() }))
}
