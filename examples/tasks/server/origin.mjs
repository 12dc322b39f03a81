import { mkdir } from 'node:fs/promises'
import { DurableStreamTestServer } from '@durable-streams/server'
import { firstEvents } from './first-events.mjs'

const JSON_TYPE = { 'content-type': 'application/json' }
export const PATH = '/tasks-stream/list'

/**
 * Starts the stream server of the task list. The list is kept in a folder: what a browser sends after a restart of the demo must
 * find the stream that it was written for.
 */
export async function startOrigin(folder) {
  await mkdir(folder, { recursive: true })
  const server = withoutNotes(() => new DurableStreamTestServer({ host: '127.0.0.1', port: 0, dataDir: folder }))
  const base = await server.start()

  async function request(method, events) {
    const body = events ? { body: JSON.stringify(events) } : {}
    const response = await fetch(base + PATH, { method, headers: JSON_TYPE, ...body })
    if (!response.ok) throw new Error(`${method} ${PATH}: ${response.status} ${await response.text()}`)
    return response
  }

  const { status } = await request('PUT')
  if (status === 201) await request('POST', firstEvents())
  return { base, stop: () => server.stop() }
}

/** The stream server writes to the console what it has found in its folder. */
function withoutNotes(make) {
  const { info } = console
  console.info = () => {}
  try {
    return make()
  } finally {
    console.info = info
  }
}
