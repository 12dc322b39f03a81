// A process of its own: serving and compressing the stream must not delay the driver, nor the driver the serving.
import { DurableStreamTestServer } from '@durable-streams/server'
import { answerCalls } from './answer-calls.mjs'
import { create } from './append.mjs'
import { startPacedProxy } from './pace.mjs'
import { startPageServer } from './pages.mjs'
import { writerOf } from './writers.mjs'

// No new read begins after this time: one read of a large stream takes ten seconds, and is enough.
const READS_MS = 5_000

const [dir, rowCount, reads, stream] = process.argv.slice(2)
const path = '/rows'
const server = new DurableStreamTestServer({ port: 0 })
const origin = await server.start()
const url = origin + path
const proxy = await startPacedProxy(url)
const pages = await startPageServer(dir)
const writer = writerOf(stream, url, Number(rowCount))
const seeded = { path, offset: await writer.seed() }
let copies = 0

answerCalls({
  change: (size) => writer.change(size),
  top: (count) => writer.top(count),
  /** A new stream that begins as the one all pages share did. */
  async copy() {
    const copy = `${origin}/copy-${String((copies += 1))}`
    await create(copy, seeded)
    return copy
  },
  drop: (copy) => fetch(copy, { method: 'DELETE' }).then(() => undefined),
  /** How many distinct keys a stream has, and how many events. */
  async count(copy) {
    const events = []
    for (let offset = '-1', isEnd = false; !isEnd; ) {
      const answer = await fetch(`${copy}?offset=${offset}`)
      events.push(...(await answer.json()))
      offset = answer.headers.get('stream-next-offset')
      isEnd = answer.headers.get('stream-up-to-date') !== null
    }
    return { events: events.length, keys: new Set(events.map(({ key }) => key)).size }
  },
  cut: (isCut) => proxy.link.cut(isCut),
  takePosts: () => proxy.traffic.takePosts(),
  setLink: (link) => proxy.link.set(link),
  wireBytes: () => proxy.link.bytes,
  traffic: () => proxy.traffic.now(),
})
process.send({ ready: { url, pacedUrl: proxy.url + path, pages: pages.url, stream: await describe() } })

/** The server's own time for a whole read, warmed up: the part of a load that neither side can change. Nothing without a read. */
async function describe() {
  const done = []
  const until = performance.now() + READS_MS
  while (done.length < Number(reads) && (done.length === 0 || performance.now() < until)) done.push(await wholeRead())
  return done.length === 0 ? null : done.reduce((best, each) => (each.serveMs < best.serveMs ? each : best))
}

async function wholeRead() {
  const { link } = proxy
  const before = link.bytes
  const started = performance.now()
  const answer = await fetch(`${proxy.url}${path}?offset=-1`, { headers: { 'accept-encoding': 'gzip' } })
  const { byteLength } = await answer.arrayBuffer()
  return { serveMs: performance.now() - started, bytes: byteLength, wireBytes: link.bytes - before }
}
