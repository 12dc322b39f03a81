import { createStreamDB, type WorkerContext } from 'sidestream'
import { FIRST } from './panels/first.ts'
import { place } from './run/place.ts'
import { queries } from './queries.ts'
import { schemaWith } from './schema.ts'

const RETRY_MS = 1000

// Bundlers look for `new URL` inside of each constructor's call.
const worker = ({ name, shared }: WorkerContext) =>
  shared && 'SharedWorker' in globalThis
    ? new SharedWorker(new URL('./sync.worker.ts', import.meta.url), { type: 'module', name })
    : new Worker(new URL('./sync.worker.ts', import.meta.url), { type: 'module' })

interface Log {
  path: string
  /** How many parcels it has. */
  parcels: number
}

/** The server makes the log for its first visitor, which takes it some seconds. */
async function askForLog(): Promise<Log> {
  for (;;) {
    const answer = await fetch('/demo/dashboard/open').catch(() => null)
    if (answer?.ok) return (await answer.json()) as Log
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

/** Queries in the worker need no row in the tab; queries in the tab need them all. */
const syncMode = place === 'worker' ? 'on-demand' : 'eager'

async function open() {
  const log = await askForLog()
  const db = createStreamDB({
    streamOptions: { url: new URL(log.path, location.origin).href, contentType: 'application/json' },
    state: schemaWith(syncMode),
    queries,
    worker,
  })
  // Their rows are on the way before the panels are there.
  if (place === 'worker') for (const [name, params] of Object.entries(FIRST)) db.query(name as 'states', ...(params as [])).startSyncImmediate()
  // Whatever goes wrong is in db.status, which the page shows.
  const loaded = db.preload().catch(() => undefined)
  // Queries that are there before the rows would work each of them into their results, which takes several times as long.
  return { log, db, ready: place === 'worker' ? Promise.resolve() : loaded }
}

// With its status, React's `use` need not suspend for what is there already.
export const opened: Promise<Awaited<ReturnType<typeof open>>> = open().then((value) => Object.assign(opened, { status: 'fulfilled', value }).value)
export type Opened = Awaited<typeof opened>
