import type { Status } from './db.ts'
import { useStatus } from './use-status.ts'

const WAITING: ReadonlySet<Status['connection']> = new Set(['idle', 'connecting', 'catching-up', 'live', 'paused'] as const)

/** What stands in for the flights until there are some. */
export function Loading() {
  const { connection, lastError } = useStatus()
  const waiting = WAITING.has(connection)
  const look = waiting ? 'card placeholder loading' : 'card placeholder'
  return (
    <>
      <section className={`${look} board`} aria-label="Departures board" aria-busy={waiting}>
        {!waiting && (
          <p className="empty">
            Nothing is cached, and the stream cannot be read ({lastError?.code ?? connection}). The board fills as soon as it can.
          </p>
        )}
      </section>
      <div className="statistics" aria-hidden="true">
        <div className={look} />
        <div className={look} />
      </div>
    </>
  )
}
