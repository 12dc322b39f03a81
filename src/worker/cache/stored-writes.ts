import { pendingOf } from '../core/outbox.ts'
import type { StorageEnv } from '../ports.ts'

/** How many writes a stored outbox has that are not in the stream; 0 when it cannot be read. */
export async function countStoredWrites(env: Pick<StorageEnv, 'openOutbox'>, outbox: string): Promise<number> {
  try {
    const store = await env.openOutbox(outbox)
    try {
      const { entries = [], unreadable = 0 } = (await store.read()) ?? {}
      return entries.filter((entry) => pendingOf(entry) !== null).length + unreadable
    } finally {
      store.close()
    }
  } catch {
    return 0
  }
}
