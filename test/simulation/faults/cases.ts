import { itemEvents } from '../../support/schema.ts'
import type { LoggedRequest, RespondOptions } from '../../support/stream-server.ts'
import { WHOLE_HEADER, type World } from './world.ts'

export interface FaultCase {
  /** What the server or the network does. */
  readonly title: string
  begin(world: World): void | Promise<void>
  readonly live?: 'sse'
  readonly onError?: () => object
  /** Connections are broken as it begins: only then are the requests made that it is about. */
  readonly breaksConnections?: true
  /** Without rows it is not told from what is right. */
  readonly onlyWithRows?: true
  /** `reconnect()` makes it go on, and nothing else does. */
  readonly needsReconnect?: true
  /** Requests for each attempt, where that is not one. */
  readonly perAttempt?: number
  /** The longest until the application is up to date after the fault's end, ms. Default: a minute. */
  readonly recoversWithinMs?: number
}

const RETRY_AFTER_S = 120
const AFTER_RETRY_AFTER_MS = (RETRY_AFTER_S + 45) * 1000
/** A request that is swallowed, and a pause. */
const AFTER_SILENCE_MS = 80_000

const isLive = (request: LoggedRequest): boolean => request.query.has('live')
const isFromStart = ({ query }: LoggedRequest): boolean => query.get('offset') === '-1'
const isHalf = ({ id }: LoggedRequest): boolean => id % 4 < 2

const answering = (title: string, status: number, more: Partial<FaultCase> = {}): FaultCase => ({
  title,
  begin: ({ server }) => void server.faults.respond(status),
  ...more,
})

/** In the server's place: an answer in its form. */
const inForm = (offset: () => string, body: string, isEnd = true): RespondOptions => ({
  headers: () => ({ 'content-type': 'application/json', 'stream-next-offset': offset(), 'stream-cursor': '1', ...(isEnd ? { 'stream-up-to-date': 'true' } : {}) }),
  body,
})

export const CASES: ReadonlyArray<FaultCase> = [
  { title: 'nothing: a healthy stream without news', begin: () => undefined },
  { title: 'the same, with server-sent events', live: 'sse', begin: () => undefined },
  answering('404', 404),
  answering('410', 410),
  answering('400', 400),
  { title: '200 `[]` at once to a long-poll', begin: (world) => void world.server.faults.respond(200, { match: { where: isLive }, ...inForm(() => world.tail, '[]') }) },
  { title: '204 at once to a long-poll', begin: (world) => void world.server.faults.respond(204, { match: { where: isLive }, ...inForm(() => world.tail, '') }) },
  { title: 'server-sent events that end at once', live: 'sse', breaksConnections: true, begin: sseThatEnds },
  { title: 'every answer is `[]`, and never the end', begin: (world) => void world.server.faults.respond(200, inForm(() => world.tail, '[]', false)) },
  answering('500', 500),
  answering('503', 503),
  answering('429', 429),
  {
    title: `503 with \`Retry-After: ${String(RETRY_AFTER_S)}\``,
    begin: ({ server }) => void server.faults.respond(503, { retryAfter: RETRY_AFTER_S }),
    recoversWithinMs: AFTER_RETRY_AFTER_MS,
  },
  {
    title: '429 with `Retry-After`: a date, two minutes ahead',
    begin: ({ server }) => void server.faults.respond(429, { headers: () => ({ 'retry-after': new Date(Date.now() + RETRY_AFTER_S * 1000).toUTCString() }) }),
    recoversWithinMs: AFTER_RETRY_AFTER_MS,
  },
  answering('401', 401, { needsReconnect: true }),
  answering('403', 403, { needsReconnect: true }),
  { title: '403 to server-sent events', live: 'sse', breaksConnections: true, needsReconnect: true, begin: ({ server }) => void server.faults.respond(403, { match: { where: isLive } }) },
  { title: '404 to server-sent events', live: 'sse', breaksConnections: true, begin: ({ server }) => void server.faults.respond(404, { match: { where: isLive } }) },
  { title: '400 to server-sent events', live: 'sse', breaksConnections: true, begin: ({ server }) => void server.faults.respond(400, { match: { where: isLive } }) },
  { title: '429 to server-sent events', live: 'sse', breaksConnections: true, begin: ({ server }) => void server.faults.respond(429, { match: { where: isLive } }) },
  {
    title: `503 to server-sent events, with \`Retry-After: ${String(RETRY_AFTER_S)}\``,
    live: 'sse',
    breaksConnections: true,
    begin: ({ server }) => void server.faults.respond(503, { match: { where: isLive }, retryAfter: RETRY_AFTER_S }),
    recoversWithinMs: AFTER_RETRY_AFTER_MS,
  },
  { title: '404 to long-polls alone', begin: ({ server }) => void server.faults.respond(404, { match: { where: isLive } }) },
  answering('401, and an `onError` that always tries again', 401, { onError: () => ({}) }),
  { title: 'requests are swallowed: no answer, no end', begin: swallow, recoversWithinMs: AFTER_SILENCE_MS },
  { title: 'the same, with server-sent events', live: 'sse', breaksConnections: true, begin: swallow, recoversWithinMs: AFTER_SILENCE_MS },
  { title: 'connections are refused', begin: ({ server }) => server.goOffline() },
  { title: 'connections are reset', begin: ({ server }) => void server.faults.reset() },
  { title: 'each body is cut off', breaksConnections: true, begin: ({ server }) => void server.faults.cut(1) },
  { title: 'each body is no JSON', begin: (world) => void world.server.faults.respond(200, inForm(() => world.tail, '[{')) },
  { title: 'a page of HTML', begin: ({ server }) => void server.faults.respond(200, { headers: { 'content-type': 'text/html' }, body: '<!doctype html>' }) },
  {
    title: 'a redirect to itself, which `fetch` follows 20 times',
    begin: ({ server, url }) => void server.faults.respond(302, { headers: { location: url } }),
    perAttempt: 21,
  },
  { title: 'an old copy in a cache on the way', onlyWithRows: true, begin: (world) => { olderCopy(world, ({ query }) => !query.has('cache-buster')) } },
  { title: 'every answer says that the stream is empty', onlyWithRows: true, begin: (world) => void world.server.faults.respond(200, inForm(() => world.tail, '[]')) },
  { title: 'the server has lost the last events', onlyWithRows: true, begin: (world) => { olderCopy(world, () => true) } },
  { title: 'two answers of four are 404', begin: ({ server }) => void server.faults.respond(404, { match: { where: isHalf } }) },
  { title: 'two answers of four are 400', begin: ({ server }) => void server.faults.respond(400, { match: { where: isHalf } }) },
]

function swallow(world: World): void {
  world.swallowing = world.server.faults.hang()
}

function sseThatEnds(world: World): void {
  const control = JSON.stringify({ streamNextOffset: world.tail, streamCursor: '1', upToDate: true })
  const headers = { 'content-type': 'text/event-stream', [WHOLE_HEADER]: '1' }
  world.server.faults.respond(200, { match: { where: isLive }, headers, body: `event: control\ndata: ${control}\n\n` })
}

/** The stream as it was when it had one event. */
function olderCopy(world: World, where: (request: LoggedRequest) => boolean): void {
  const answer = (match: (request: LoggedRequest) => boolean, body: unknown[]): void => {
    world.server.faults.respond(200, { match: { where: (request) => where(request) && match(request) }, ...inForm(() => world.firstOffset, JSON.stringify(body)) })
  }
  answer(isFromStart, itemEvents(1))
  answer((request) => !isFromStart(request), [])
}
