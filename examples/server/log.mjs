import { DurableStreamTestServer } from '@durable-streams/server'
import { keepFormatted } from './keep-formatted.mjs'

const JSON_TYPE = 'application/json'
const BATCH = 5000

const encode = (events) => new TextEncoder().encode(JSON.stringify(events))

/**
 * A board's log on a stream server of its own. Written past HTTP: 20,000 events a second leave none to spare.
 * @param name the first part of its path
 * @param first the events with which a log starts, one at a time
 */
export async function startLog({ name, first }) {
  // To this machine's own browser compression would be work without a gain.
  const server = new DurableStreamTestServer({ host: '127.0.0.1', port: 0, compression: false })
  const base = await server.start()
  const store = keepFormatted(server.store)
  let path
  let changes

  function append(events) {
    store.append(path, encode(events), { contentType: JSON_TYPE })
  }

  /** A log that starts with the rows as they are now, at a path of its own: a URL names one log. */
  function startOver() {
    if (path !== undefined) store.delete(path)
    path = `/${name}/${Date.now().toString(36)}`
    changes = 0
    store.create(path, { contentType: JSON_TYPE })
    let batch = []
    for (const event of first()) {
      if (batch.push(event) === BATCH) {
        append(batch)
        batch = []
      }
    }
    if (batch.length > 0) append(batch)
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
    change(events) {
      append(events)
      changes += events.length
    },
  }
}
