import { createStateSchema, createStreamDB } from '@durable-streams/state/db'
import { createStore } from '../../../shared/store.ts'
import { city } from '../schema.ts'
import type { Source, SourceStatus } from './source.ts'

const schema = createStateSchema({ cities: { schema: city, type: 'city', primaryKey: 'id' } })

export function openPeer(url: string): Source {
  const db = createStreamDB({ streamOptions: { url, contentType: 'application/json', warnOnHttp: false }, state: schema })
  const status = createStore<SourceStatus>({
    connection: { text: 'loading', tone: 'warn' },
    engine: 'page',
    storage: 'none',
    workerRows: null,
  })
  const tell = (connection: SourceStatus['connection']) => status.set({ ...status.getSnapshot(), connection })
  const ready = db.preload().then(
    () => tell({ text: 'live', tone: 'good' }),
    () => tell({ text: 'failed', tone: 'bad' }),
  )
  return { cities: db.collections.cities, ready, status }
}
