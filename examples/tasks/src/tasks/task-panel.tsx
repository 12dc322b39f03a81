import { usePending } from '../outbox/use-pending.ts'
import { setMe, useMe } from '../me.ts'
import { AddTask } from './add-task.tsx'
import { TaskItem } from './task-item.tsx'
import { useCommentCounts, usePeople, useTasks } from './use-tasks.ts'

export function TaskPanel() {
  const tasks = useTasks()
  const people = usePeople()
  const comments = useCommentCounts()
  const pending = usePending()
  const me = useMe()
  return (
    <section className="card tasks" aria-labelledby="tasks-title">
      <header className="card-head">
        <h2 id="tasks-title">The list</h2>
        <label className="inline-field">
          <span>You are</span>
          <select value={me} onChange={(event) => setMe(event.target.value)}>
            {people.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </header>
      <AddTask />
      {tasks.length === 0 && <p className="empty">Nothing to do.</p>}
      <ul className="task-list">
        {tasks.map((task) => (
          <TaskItem key={task.id} task={task} people={people} comments={comments.get(task.id) ?? 0} isPending={pending.has(`tasks/${task.id}`)} />
        ))}
      </ul>
    </section>
  )
}
