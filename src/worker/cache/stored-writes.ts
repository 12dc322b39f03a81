import { pendingOf } from '../core/outbox.ts'
import { toldByHead } from '../core/stored-phases.ts'
import type { StorageEnv } from '../ports.ts'

/** How many writes a stored outbox has that are not in the stream; 0 when it cannot be read. */
export async function countStoredWrites(env: Pick<StorageEnv, 'openOutbox'>, outbox: string): Promise<number> {
  try {
    const store = await env.openOutbox(outbox)
    try {
      const stored = await store.read()
      return stored ? toldByHead(stored.head, stored.entries).filter((entry) => pendingOf(entry) !== null).length + stored.unreadable : 0
    } finally {
      store.close()
    }
  } catch {
    return 0
  }
}
