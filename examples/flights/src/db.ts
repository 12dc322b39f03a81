import { createStreamDB, type WorkerContext } from 'sidestream'
import { topology } from './engine/topology.ts'
import { queries } from './queries.ts'
import { schema } from './schema.ts'

const streamPath = document.querySelector<HTMLMetaElement>('meta[name="stream-path"]')?.content ?? ''

// Bundlers look for `new URL` inside of each constructor's call.
const worker = ({ name, shared }: WorkerContext) =>
  shared && 'SharedWorker' in globalThis
    ? new SharedWorker(new URL('./sync.worker.ts', import.meta.url), { type: 'module', name })
    : new Worker(new URL('./sync.worker.ts', import.meta.url), { type: 'module' })

export const db = createStreamDB({
  streamOptions: { url: new URL(streamPath, location.origin).href, contentType: 'application/json' },
  state: schema,
  queries,
  sharedWorker: topology === 'shared',
  ...(topology === 'page' ? {} : { worker }),
})

export type Status = ReturnType<typeof db.status.getSnapshot>

/** How the board sorts. */
export const COMPARE = { nulls: 'last', stringSort: 'lexical' } as const
