import { describe, SidestreamError } from '../../shared/errors.ts'
import { pendingOf } from '../core/outbox.ts'
import { toldByHead } from '../core/stored-phases.ts'
import { NoStorageError, type StorageEnv } from '../ports.ts'

/**
 * How many writes a stored outbox has that are not in the stream.
 * @throws SidestreamError `STORAGE_FAILED`, retryable, when it cannot be read: then nobody knows what would be lost with it
 */
export async function countStoredWrites(env: Pick<StorageEnv, 'openOutbox'>, outbox: string): Promise<number> {
  try {
    const store = await env.openOutbox(outbox)
    try {
      const stored = await store.read()
      return stored ? toldByHead(stored.head, stored.entries).filter((entry) => pendingOf(entry) !== null).length + stored.unreadable : 0
    } finally {
      store.close()
    }
  } catch (error) {
    if (error instanceof NoStorageError) return 0
    throw new SidestreamError('STORAGE_FAILED', `it is not known which writes would be lost: ${describe(error)}`, { retryable: true, cause: error })
  }
}
