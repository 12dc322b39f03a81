import { createStreamDB, type PendingWrite, type WorkerContext } from 'sidestream'
import { createStore } from '../../shared/store.ts'
import { schema } from './schema.ts'

// Bundlers look for `new URL` inside of each constructor's call.
const worker = ({ name, shared }: WorkerContext) =>
  shared && 'SharedWorker' in globalThis
    ? new SharedWorker(new URL('./sync.worker.ts', import.meta.url), { type: 'module', name })
    : new Worker(new URL('./sync.worker.ts', import.meta.url), { type: 'module' })

/** The write that the server has refused last, when `onRejected` was called in this tab; else null. */
export const rejected = createStore<PendingWrite | null>(null)

export const db = createStreamDB({
  streamOptions: { url: new URL('/tasks-stream/list', location.origin).href, contentType: 'application/json' },
  state: schema,
  worker,
  onRejected: (write) => rejected.set(write),
})

/** Whether the rows can be shown: from the cache, or read to the end. */
export const ready = createStore(false)
db.collections.tasks.onFirstReady(() => ready.set(true))
