import { DurableStreamTestServer } from '@durable-streams/server'
import { airportEvent, arrived } from './events.mjs'

const JSON_TYPE = { 'content-type': 'application/json' }
const BATCH = 1000

/**
 * Starts the stream server and creates a stream that holds the airports and the given flights.
 * Its path is new at every start, as its content is: a URL names one log.
 */
export async function startOrigin({ airports, flights }) {
  const server = new DurableStreamTestServer({ host: '127.0.0.1', port: 0 })
  const base = await server.start()
  const path = `/streams/us-flights-${Date.now().toString(36)}`
  let tail = '-1'

  async function request(method, events) {
    const body = events ? { body: JSON.stringify(events) } : {}
    const response = await fetch(base + path, { method, headers: JSON_TYPE, ...body })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    tail = response.headers.get('stream-next-offset') ?? tail
  }

  await request('PUT')
  const events = [...airports.map(airportEvent), ...flights.map((flight) => arrived(flight, 'insert'))]
  for (let i = 0; i < events.length; i += BATCH) await request('POST', events.slice(i, i + BATCH))

  return {
    base,
    path,
    get tail() {
      return tail
    },
    append: (batch) => request('POST', batch),
    stop: () => server.stop(),
  }
}
