import { useSyncExternalStore } from 'react'
import { rejected } from '../db.ts'
import { useOutbox } from '../use-db.ts'
import { describe } from './describe.ts'
import { OutboxItem } from './outbox-item.tsx'

const changes = (count: number) => (count === 1 ? '1 change' : `${count} changes`)

function summaryOf(waiting: number, refused: number): string {
  if (waiting + refused === 0) return 'Everything is sent.'
  const first = waiting === 0 ? '' : `${changes(waiting)} not sent yet.`
  const second = refused === 0 ? '' : `${changes(refused)} refused.`
  return `${first} ${second}`.trim()
}

/** What is on this device and not in the stream: the same list in all tabs. */
export function OutboxPanel() {
  const writes = useOutbox()
  const last = useSyncExternalStore(rejected.subscribe, rejected.getSnapshot)
  const refused = writes.filter(({ state }) => state === 'parked').length
  const isOpen = last !== null && writes.some(({ id, state }) => id === last.id && state === 'parked')
  return (
    <section className="card outbox" aria-labelledby="outbox-title">
      <header className="card-head">
        <h2 id="outbox-title">Outbox</h2>
        <p role="status">{summaryOf(writes.length - refused, refused)}</p>
      </header>
      {isOpen && (
        <p role="alert" className="notice bad">
          The server has refused a change, and the list does not show it any more: {describe(last)}
        </p>
      )}
      <ul className="writes">
        {writes.map((write) => (
          <OutboxItem key={write.id} write={write} />
        ))}
      </ul>
    </section>
  )
}
