/** Answers to requests for a stream, as the protocol of Durable Streams has them. */

/** The most events of an answer. There is more until an answer says `Stream-Up-To-Date`. */
const MOST_EVENTS = 20_000
const LONG_POLL_MS = 20_000

/** Proxies collapse requests with the same cursor. There is none here, but a reader gets one and must send it back. */
const CURSOR_MS = 20_000
const nextCursor = (given) => String(Math.max(Math.floor(Date.now() / CURSOR_MS), Number(given ?? 0) + 1 || 0))

const DIGITS = 16
const offsetOf = (place) => `${'0'.repeat(DIGITS)}_${String(place).padStart(DIGITS, '0')}`

/** The place in the log that an offset means; undefined if it means none. */
function placeOf(offset, length) {
  if (offset === null || offset === '-1') return 0
  if (offset === 'now') return length
  const place = Number(/^\d+_(\d+)$/.exec(offset)?.[1])
  return place <= length ? place : undefined
}

const refuse = (status, text) => new Response(text, { status, headers: { 'content-type': 'text/plain' } })

const withType = (headers) => ({ 'content-type': 'application/json', 'cache-control': 'no-store', ...headers })

/**
 * @param log whose address the request may have
 * @param gate when it is shut, connections break without an answer, as if the server were gone
 * @param save stores the state of the log; nothing is told of it before
 */
export async function answerStream({ request, log, gate, save }) {
  const { pathname, searchParams } = new URL(request.url)
  if (!gate.open) return Response.error()
  const isThere = () => pathname === log.path
  if (!isThere()) return refuse(404, 'Stream not found')
  if (request.method === 'HEAD') {
    await save()
    return new Response(null, { headers: withType({ 'stream-next-offset': offsetOf(log.length) }) })
  }
  if (request.method !== 'GET') return refuse(405, 'Method not allowed')

  const live = searchParams.get('live')
  const offset = searchParams.get('offset')
  if (live !== null && live !== 'long-poll') return refuse(400, 'Only long-poll is served here')
  if (live !== null && offset === null) return refuse(400, 'Long-poll requires offset parameter')
  const from = placeOf(offset, log.length)
  if (from === undefined) return refuse(400, 'Invalid offset')

  if (live !== null && from === log.length) await log.next(LONG_POLL_MS)
  if (!gate.open) return Response.error()
  if (!isThere()) return refuse(404, 'Stream not found')
  const to = Math.min(from + MOST_EVENTS, log.length)
  const headers = {
    'stream-next-offset': offsetOf(to),
    ...(to === log.length && { 'stream-up-to-date': 'true' }),
    ...(live !== null && { 'stream-cursor': nextCursor(searchParams.get('cursor')) }),
  }
  // Read before anything else can happen: while the state is stored, the log may be started over.
  const body = log.read(from, to)
  await save()
  if (live !== null && to === from) return new Response(null, { status: 204, headers })
  return new Response(body, { headers: withType(headers) })
}
