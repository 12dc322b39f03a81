import { JsonItems } from './json-items.ts'

/** Checks and reads the HTTP answers of a durable stream. */

export const isEventStream = (response: Response): boolean => response.headers.get('content-type')?.includes('text/event-stream') ?? false

/** Durable Streams protocol: every answer to a read has its end offset. An answer without it is from another program. */
export const isFromStream = (response: Response): boolean => isEventStream(response) || response.headers.has('stream-next-offset')

/**
 * A long-poll ends with news, or with 204 when its time is up. When a stream is deleted, a server ends its long-polls early and
 * empty, and the next request may meet another stream at the same offset.
 */
export const isInterruptedPoll = (url: URL, { status }: Response, items: ReadonlyArray<unknown>): boolean =>
  url.searchParams.get('live') === 'long-poll' && status === 200 && items.length === 0

/**
 * Reads a body to its end, so that a body that breaks off is a failed request: the client would take it for the end of the
 * session. An event stream has no end, and is returned as it is.
 * @param heard is called for every part that arrives
 */
export async function readWhole(response: Response, heard: () => void): Promise<Response> {
  if (response.body === null || (response.ok && isEventStream(response))) return response
  const body = await readBytes(response.body, heard)
  const { status, statusText } = response
  const headers = new Headers(response.headers)
  // The client parses a refusal with a JSON content type; if the text is not JSON, it reports a failure of the network.
  if (!response.ok) headers.set('content-type', 'text/plain')
  return new Response(status === 204 || status === 205 ? null : body, { status, statusText, headers })
}

/**
 * Reads a body of JSON to its end.
 * @param onBeginning gets the items that have arrived, each time that there are more; a short body is parsed at its end only
 * @throws SyntaxError
 */
export async function readItems(body: ReadableStream<Uint8Array>, heard: () => void, onBeginning?: (items: ReadonlyArray<unknown>) => void): Promise<unknown[]> {
  const items = new JsonItems()
  let told = 0
  await eachPart(body, (part) => {
    heard()
    items.take(part)
    if (items.parsed.length === told) return
    told = items.parsed.length
    onBeginning?.(items.parsed)
  })
  return items.end()
}

async function readBytes(body: ReadableStream<Uint8Array>, heard: () => void): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = []
  let length = 0
  await eachPart(body, (part) => {
    heard()
    parts.push(part)
    length += part.byteLength
  })
  const bytes = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.byteLength
  }
  return bytes
}

async function eachPart(body: ReadableStream<Uint8Array>, take: (part: Uint8Array) => void): Promise<void> {
  const reader = body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    take(value)
  }
}

/**
 * The answer with a body whose parts pass through `onPart` as they arrive.
 * @param onPart returns the bytes that are handed on; its errors end the body
 * @param onEnd the body has ended, or has failed
 */
export function watchBody(response: Response, onPart: (bytes: Uint8Array) => Uint8Array, onEnd: () => void): Response {
  if (response.body === null) return response
  const reader = response.body.getReader()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (done) {
          onEnd()
          controller.close()
        } else {
          controller.enqueue(onPart(value))
        }
      } catch (error) {
        onEnd()
        controller.error(error)
      }
    },
    cancel: (reason) => reader.cancel(reason),
  })
  const { status, statusText, headers } = response
  return new Response(body, { status, statusText, headers })
}

/** How long the server wants to be left alone (`Retry-After`, RFC 9110 10.2.3: seconds or a date), ms; 0 when it does not say. */
export function retryAfterMs(response: Response): number {
  const value = response.headers.get('retry-after')
  if (value === null) return 0
  const seconds = Number(value)
  const ms = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1000
  return Number.isFinite(ms) ? Math.max(0, ms) : 0
}
