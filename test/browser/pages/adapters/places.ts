import { createStreamDB, gte } from 'sidestream'
import { schema } from './places-schema.ts'

/** The page's StreamDB, over the stream that the page's address names. */
export const db = createStreamDB({
  streamOptions: { url: new URLSearchParams(location.search).get('stream')!, contentType: 'application/json' },
  state: schema,
  worker: () => new Worker(new URL('../stock.worker.ts', import.meta.url), { type: 'module' }),
})

export const LEAST_SIZE = 90
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
