import { useState, type FormEvent } from 'react'
import type { Person } from '../schema.ts'
import { assign, remove, rename, setDone } from './changes.ts'
import { Comments } from './comments.tsx'
import type { ShownTask } from './use-tasks.ts'

interface TaskItemProps {
  task: ShownTask
  people: ReadonlyArray<Person>
  comments: number
  /** One of the pending writes changes it. */
  isPending: boolean
}

export function TaskItem({ task, people, comments, isPending }: TaskItemProps) {
  const { id, title, done, assignee, name } = task
  const [isOpen, setOpen] = useState(false)
  const bodyId = `task-${id}`
  return (
    <li className={done ? 'task done' : 'task'}>
      <div className="task-row">
        <input type="checkbox" checked={done} aria-label={`Done: ${title}`} onChange={(event) => setDone(id, event.target.checked)} />
        <span className="task-title">{title}</span>
        {isPending && <span className="mark">not sent</span>}
        <span className="task-facts">{name ?? 'nobody'}</span>
        <button type="button" className="button" aria-expanded={isOpen} aria-controls={bodyId} onClick={() => setOpen(!isOpen)}>
          {comments === 0 ? 'Open' : `${comments} ${comments === 1 ? 'comment' : 'comments'}`}
          <span className="visually-hidden">{comments === 0 ? title : `on ${title}`}</span>
        </button>
      </div>
      <div id={bodyId} className="task-body" hidden={!isOpen}>
        {isOpen && (
          <>
            <Rename key={title} id={id} title={title} />
            <div className="task-actions">
              <label className="inline-field">
                <span>Who does it</span>
                <select value={assignee ?? ''} onChange={(event) => assign(id, event.target.value === '' ? null : event.target.value)}>
                  <option value="">nobody</option>
                  {people.map((person) => (
                    <option key={person.id} value={person.id}>
                      {person.name}
                    </option>
                  ))}
                </select>
              </label>
              <button type="button" className="button" onClick={() => remove(id)}>
                Delete the task
              </button>
            </div>
            <Comments task={id} />
          </>
        )}
      </div>
    </li>
  )
}

function Rename({ id, title }: { id: string; title: string }) {
  const [text, setText] = useState(title)

  function submit(event: FormEvent) {
    event.preventDefault()
    if (text.trim() !== '' && text.trim() !== title) rename(id, text.trim())
  }

  return (
    <form className="add" onSubmit={submit}>
      <input aria-label="Title" maxLength={200} value={text} onChange={(event) => setText(event.target.value)} />
      <button type="submit" className="button">
        Rename
      </button>
    </form>
  )
}
