import { useState, type FormEvent } from 'react'
import { addTask } from './changes.ts'

export function AddTask() {
  const [title, setTitle] = useState('')

  function submit(event: FormEvent) {
    event.preventDefault()
    if (title.trim() === '') return
    addTask(title.trim(), null)
    setTitle('')
  }

  return (
    <form className="add" onSubmit={submit}>
      <input aria-label="New task" placeholder="What is to be done?" maxLength={200} value={title} onChange={(event) => setTitle(event.target.value)} />
      <button type="submit" className="button button-strong">
        Add
      </button>
    </form>
  )
}
