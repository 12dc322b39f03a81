import { createStateSchema, createStreamDB } from '@durable-streams/state/db'
import { startOfflineExecutor } from '@tanstack/offline-transactions'
import { rowSchema } from './row-schema.ts'
import { writesPage } from './writes-page.ts'
import type { Row } from './visit.ts'

const state = createStateSchema({ rows: { schema: rowSchema, type: 'row', primaryKey: 'id' } })

writesPage(({ stream, mode }) => {
  const db = createStreamDB({ streamOptions: { url: stream, contentType: 'application/json' }, state })
  const collection = db.collections.rows
  const peer = { collection, preload: () => db.preload(), kept: () => Promise.resolve() }
  // Only one tab can store writes: the other one just reads.
  if (mode === 'watch') return { ...peer, insert: none, stored: () => 0, hurry: () => undefined, drained: none }
  const executor = startOfflineExecutor({
    collections: { rows: collection as never },
    mutationFns: {
      // It doesn't wait for its txid to come back, which would cost a round trip for each write.
      append: async ({ transaction }) => {
        for (const { key, modified } of transaction.mutations) {
          const txid = transaction.id
          await db.stream.append(JSON.stringify({ type: 'row', key: String(key), value: modified, headers: { operation: 'insert', txid } }))
        }
        return undefined
      },
    },
  })
  const when = async (met: () => boolean): Promise<void> => {
    while (!met()) await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return {
    collection,
    preload: async () => {
      await Promise.all([executor.waitForInit(), db.preload()])
    },
    kept: () => Promise.resolve(),
    insert: (row: Row) => {
      const transaction = executor.createOfflineTransaction({ mutationFnName: 'append', autoCommit: false })
      const inner = transaction.mutate(() => {
        collection.insert(row)
      })
      transaction.commit().catch(() => undefined)
      return inner.isPersisted.promise
    },
    stored: () => executor.getPendingCount(),
    hurry: () => {
      const detector = executor.getOnlineDetector()
      detector.notifyOnline()
    },
    drained: async () => {
      await executor.waitForInit()
      await when(() => executor.getPendingCount() === 0)
    },
  }
})

const none = (): Promise<never> => new Promise(() => undefined)
