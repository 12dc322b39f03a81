import { createStateSchema, createStreamDB, type StreamDBStatus, type WorkerContext } from 'sidestream'
import { CONNECTIONS, freshness } from '../../../shared/connections.ts'
import { city } from '../schema.ts'
import type { Source, SourceStatus } from './source.ts'

const schema = createStateSchema({
  cities: { schema: city, type: 'city', primaryKey: 'id', syncMode: 'on-demand' },
})

// Bundlers look for `new URL` inside of each constructor's call.
const worker = ({ name, shared }: WorkerContext) =>
  shared && 'SharedWorker' in globalThis
    ? new SharedWorker(new URL('../sync.worker.ts', import.meta.url), { type: 'module', name })
    : new Worker(new URL('../sync.worker.ts', import.meta.url), { type: 'module' })

function describe(status: StreamDBStatus): SourceStatus {
  const { text, tone } = CONNECTIONS[status.connection]
  const fresh = freshness(status)
  return {
    connection: tone === 'good' ? { text: `${text}, ${fresh.text}`, tone: fresh.tone } : { text, tone },
    engine: status.epoch === '' ? '…' : status.where.replace('-', ' '),
    storage: status.storage,
    workerRows: status.rows,
  }
}

export function openSidestream(url: string): Source {
  const db = createStreamDB({ streamOptions: { url, contentType: 'application/json' }, state: schema, worker })
  // Whatever goes wrong is in db.status, which the page shows.
  db.preload().catch(() => undefined)

  let told = db.status.getSnapshot()
  let description = describe(told)
  return {
    cities: db.collections.cities,
    ready: Promise.resolve(),
    status: {
      subscribe: (listener) => db.status.subscribe(listener),
      getSnapshot() {
        const status = db.status.getSnapshot()
        if (status !== told) description = describe(status)
        told = status
        return description
      },
    },
    clearCache: () => db.clearCache(),
    devtools: db,
  }
}
