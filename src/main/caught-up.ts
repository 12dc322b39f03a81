import type { ConnectionState } from '../shared/status.ts'
import type { StatusStore } from './status.ts'

/** The longest wait for events up to the stream's end, ms. */
const LIMIT_MS = 10_000
/** The states in which events may still come. */
const READING: ReadonlyArray<ConnectionState> = ['connecting', 'catching-up', 'live']

export interface CaughtUpOptions {
  readonly status: StatusStore
  /** The offset at which the stream ends; null when the server does not give it. */
  readonly end: Promise<string | null>
  /** Runs a task after `delayMs`; the result cancels it. */
  readonly after: (delayMs: number, task: () => void) => () => void
}

/**
 * Resolves when the tab shows the stream up to `end`; also when nothing is being read, when the server gives no end, and after
 * {@link LIMIT_MS}. It never rejects, because the rows can be shown in any case.
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
