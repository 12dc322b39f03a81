import { DurableStreamTestServer } from '@durable-streams/server'
import { keepFormatted } from './keep-formatted.mjs'

const JSON_TYPE = 'application/json'
const BATCH = 5000

const encode = (events) => new TextEncoder().encode(JSON.stringify(events))
const event = (operation, city) => ({ type: 'city', key: city.id, value: city, headers: { operation } })

/** The cities' log on a stream server of its own. Written past HTTP: 20,000 events a second leave none to spare. */
export async function startLog(cities) {
  // To this machine's own browser compression would be work without a gain.
  const server = new DurableStreamTestServer({ host: '127.0.0.1', port: 0, compression: false })
  const base = await server.start()
  const store = keepFormatted(server.store)
  let path
  let changes

  function append(operation, changed) {
    store.append(path, encode(changed.map((city) => event(operation, city))), { contentType: JSON_TYPE })
  }

  /** A log that starts with the cities as they are now, at a path of its own: a URL names one log. */
  function startOver() {
    if (path !== undefined) store.delete(path)
    path = `/cities-stream/${Date.now().toString(36)}`
    changes = 0
    store.create(path, { contentType: JSON_TYPE })
    for (let i = 0; i < cities.length; i += BATCH) append('insert', cities.slice(i, i + BATCH))
    // Once before anybody waits for it.
    store.formatResponse(path, store.read(path).messages)
  }

  startOver()
  return {
    base,
    get path() {
      return path
    },
    /** Changes since the log was started. */
    get changes() {
      return changes
    },
    startOver,
    change(changed) {
      append('update', changed)
      changes += changed.length
    },
  }
}
