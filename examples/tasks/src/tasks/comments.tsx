import { useState, type FormEvent } from 'react'
import { usePending } from '../outbox/use-pending.ts'
import { useMe } from '../me.ts'
import { addComment } from './changes.ts'
import { useComments } from './use-tasks.ts'

export function Comments({ task }: { task: string }) {
  const comments = useComments(task)
  const pending = usePending()
  const me = useMe()
  const [text, setText] = useState('')

  function submit(event: FormEvent) {
    event.preventDefault()
    if (text.trim() === '') return
    addComment(task, me, text.trim())
    setText('')
  }

  return (
    <>
      <ul className="comments" aria-label="Comments">
        {comments.map((comment) => (
          <li key={comment.id}>
            <b>{comment.author ?? 'Somebody'}</b> {comment.text}
            {pending.has(`comments/${comment.id}`) && <span className="mark">not sent</span>}
          </li>
        ))}
      </ul>
      <form className="add" onSubmit={submit}>
        <input aria-label="New comment" placeholder="Say something" maxLength={1000} value={text} onChange={(event) => setText(event.target.value)} />
        <button type="submit" className="button">
          Comment
        </button>
      </form>
    </>
  )
}
