import type { ConnectionState } from '../shared/status.ts'
import type { StatusStore } from './status.ts'

/** The longest that a tab waits for events that it has been told of, ms. */
const LIMIT_MS = 10_000
/** Events are on their way. */
const READING: ReadonlyArray<ConnectionState> = ['connecting', 'catching-up', 'live']

export interface CaughtUpOptions {
  readonly status: StatusStore
  /** Where the stream ends; null where nobody can say. */
  readonly end: Promise<string | null>
  /** Runs a task later; the result cancels it. */
  readonly after: (delayMs: number, task: () => void) => () => void
}

/**
 * Settles when the tab shows the stream up to its end as it was asked for, or when there is no point in waiting: nothing is being
 * read, or it takes too long. It never rejects, because the rows can be shown all the same.
 */
export function caughtUp({ status, end, after }: CaughtUpOptions): Promise<void> {
  return new Promise((resolve) => {
    let wanted: string | null = null
    const settle = (): void => {
      cancel()
      unsubscribe()
      resolve()
    }
    const look = (): void => {
      const { connection, offset } = status.getSnapshot()
      // Offsets sort as strings (Durable Streams protocol).
      if (!READING.includes(connection) || (wanted !== null && offset >= wanted)) settle()
    }
    const cancel = after(LIMIT_MS, settle)
    const unsubscribe = status.subscribe(look)
    look()
    end.then((offset) => {
      wanted = offset
      if (offset === null) settle()
      else look()
    }, settle)
  })
}
