import { stream } from '@durable-streams/client'
import * as Comlink from 'comlink'
import { openDB } from 'idb'

let calls = 0

const probe = {
  /** How often this worker was asked, by whichever page. */
  calls: () => ++calls,
  async countEvents(url: string): Promise<number> {
    const answer = await stream({ url, live: false })
    return (await answer.json()).length
  },
  async storeAndRead(name: string): Promise<unknown> {
    const database = await openDB(name, 1, { upgrade: (db) => void db.createObjectStore('kept') })
    await database.put('kept', 'value', 'key')
    const value: unknown = await database.get('kept', 'key')
    database.close()
    return value
  },
}

export type Probe = typeof probe

const scope = globalThis as unknown as { onconnect?: ((event: MessageEvent) => void) | null }
if ('onconnect' in scope) scope.onconnect = ({ ports }) => ports.forEach((port) => Comlink.expose(probe, port))
else Comlink.expose(probe)
