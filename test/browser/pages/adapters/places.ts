import { createStreamDB, gte } from 'sidestream'
import { queries } from './places-queries.ts'
import { schema } from './places-schema.ts'

/** The page's StreamDB, over the stream that the page's address names. */
export const db = createStreamDB({
  streamOptions: { url: new URLSearchParams(location.search).get('stream')!, contentType: 'application/json' },
  state: schema,
  queries,
  worker: () => new Worker(new URL('./places.worker.ts', import.meta.url), { type: 'module' }),
})

export const LEAST_SIZE = 90

/** The result of a query in the worker. */
export const largest = db.query('largest', { least: LEAST_SIZE, most: 3 })

export { gte }

export const lineOfUser = ({ id, name }: { id: string; name: string }): string => `${id} ${name}`
export const lineOfPlace = ({ id, size }: { id: string; size: number }): string => `${id} ${String(size)}`

/** How many of the places the tab holds. */
export const held = (): number => db.collections.places.size

declare global {
  interface Window {
    held: typeof held
  }
}
window.held = held
