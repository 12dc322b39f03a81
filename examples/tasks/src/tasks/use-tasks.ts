import { count, eq, useLiveQuery } from '@tanstack/react-db'
import { db } from '../db.ts'

const oldestFirst = { direction: 'asc', nulls: 'last', stringSort: 'lexical' } as const

/** All tasks with the names of those who do them: a join, which the collections answer offline too. */
export function useTasks() {
  const { data } = useLiveQuery({
    queryKey: ['tasks'],
    query: (q) =>
      q
        .from({ task: db.collections.tasks })
        .leftJoin({ person: db.collections.people }, ({ task, person }) => eq(task.assignee, person.id))
        .orderBy(({ task }) => task.createdAt, oldestFirst)
        .select(({ task, person }) => ({ id: task.id, title: task.title, done: task.done, assignee: task.assignee, name: person?.name })),
  })
  return data
}

export type ShownTask = ReturnType<typeof useTasks>[number]

/** Task → number of its comments. */
export function useCommentCounts(): ReadonlyMap<string, number> {
  const { data } = useLiveQuery({
    queryKey: ['comment-counts'],
    query: (q) =>
      q
        .from({ comment: db.collections.comments })
        .groupBy(({ comment }) => comment.task)
        .select(({ comment }) => ({ task: comment.task, comments: count(comment.id) })),
  })
  return new Map(data.map(({ task, comments }) => [task, comments]))
}

/** The comments of a task, with the names of those who wrote them. */
export function useComments(task: string) {
  const { data } = useLiveQuery({
    queryKey: ['comments', task],
    query: (q) =>
      q
        .from({ comment: db.collections.comments })
        .where(({ comment }) => eq(comment.task, task))
        .leftJoin({ person: db.collections.people }, ({ comment, person }) => eq(comment.author, person.id))
        .orderBy(({ comment }) => comment.createdAt, oldestFirst)
        .select(({ comment, person }) => ({ id: comment.id, text: comment.text, author: person?.name })),
  })
  return data
}

export function usePeople() {
  const { data } = useLiveQuery({
    queryKey: ['people'],
    query: (q) => q.from({ person: db.collections.people }).orderBy(({ person }) => person.name, oldestFirst),
  })
  return data
}
