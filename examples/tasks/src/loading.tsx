import { db } from './db.ts'
import { useStatus } from './use-db.ts'

/** Shown in place of the tasks until the rows can be shown. */
export function Loading() {
  const { connection, cleared, lastError } = useStatus()
  const waits = connection === 'idle' || connection === 'connecting' || connection === 'catching-up'
  return (
    <section className="card placeholder" aria-label="Tasks" aria-busy={waits && !cleared}>
      {cleared ? (
        <p className="empty">
          This device was cleared.{' '}
          <button type="button" className="button" onClick={() => db.reconnect()}>
            Read the list again
          </button>
        </p>
      ) : (
        <p className="empty">{waits ? 'Reading the list …' : `Nothing is stored on this device, and the list cannot be read (${lastError?.code ?? connection}).`}</p>
      )}
    </section>
  )
}
