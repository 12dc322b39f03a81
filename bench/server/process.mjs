// A process of its own: serving and compressing the stream must not delay the driver, nor the driver the serving.
import { DurableStreamTestServer } from '@durable-streams/server'
import { startPacedProxy } from './pace.mjs'
import { startPageServer } from './pages.mjs'
import { insertEvents, updateEvents } from './rows.mjs'

const APPEND_SIZE = 2000

const [dir, rowCount] = process.argv.slice(2)
const rows = Number(rowCount)
const path = '/rows'
const server = new DurableStreamTestServer({ port: 0 })
const url = (await server.start()) + path
const proxy = await startPacedProxy(url)
const pages = await startPageServer(dir)
let visits = 0

const calls = {
  /** Changes a few rows; returns one of them, by which a client shows that it has seen the change, and when that was. */
  async change(size) {
    visits += 1
    const events = updateEvents(rows, size, 1_800_000_000_000 + visits)
    const last = events.at(-1)
    const at = performance.timeOrigin + performance.now()
    await append(events)
    return { key: last.key, updatedAt: last.value.updatedAt, at }
  },
  setLink: (link) => proxy.link.set(link),
  wireBytes: () => proxy.link.bytes,
  traffic: () => proxy.traffic.now(),
}

process.on('message', async ({ id, call, argument }) => {
  try {
    process.send({ id, value: (await calls[call](argument)) ?? null })
  } catch (error) {
    process.send({ id, error: String(error) })
  }
})
// The driver is gone, however it ended.
process.on('disconnect', () => process.exit())

await seed()
process.send({ ready: { url, pacedUrl: proxy.url + path, pages: pages.url, stream: await describe() } })

async function append(events) {
  const body = JSON.stringify(events)
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  if (!answer.ok) throw new Error(`append refused: ${String(answer.status)} ${await answer.text()}`)
}

async function seed() {
  await fetch(url, { method: 'PUT', headers: { 'content-type': 'application/json' } })
  const batch = []
  for (const event of insertEvents(rows)) {
    batch.push(event)
    if (batch.length === APPEND_SIZE) await append(batch.splice(0))
  }
  if (batch.length > 0) await append(batch)
}

/** What the server alone takes for a whole read, warmed up: the part of a load that neither side can change. */
async function describe() {
  const reads = []
  for (let read = 0; read < 4; read += 1) reads.push(await wholeRead())
  return reads.reduce((best, each) => (each.serveMs < best.serveMs ? each : best))
}

async function wholeRead() {
  const { link } = proxy
  const before = link.bytes
  const started = performance.now()
  const answer = await fetch(`${proxy.url}${path}?offset=-1`, { headers: { 'accept-encoding': 'gzip' } })
  const { byteLength } = await answer.arrayBuffer()
  return { serveMs: performance.now() - started, bytes: byteLength, wireBytes: link.bytes - before }
}
