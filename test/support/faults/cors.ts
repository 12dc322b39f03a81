import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'

const EXPOSED = [
  'Stream-Next-Offset',
  'Stream-Cursor',
  'Stream-Up-To-Date',
  'Stream-Closed',
  'Stream-SSE-Data-Encoding',
  'Stream-TTL',
  'Stream-Expires-At',
  'Producer-Epoch',
  'Producer-Seq',
  'Producer-Expected-Seq',
  'Producer-Received-Seq',
  'Retry-After',
  'WWW-Authenticate',
  'Location',
  'ETag',
  'Content-Type',
  'Content-Encoding',
  'Vary',
].join(', ')

/** Allows every page everything. Belongs on errors too, or a page sees a network failure in place of the status. */
export function corsHeaders(request: IncomingMessage): OutgoingHttpHeaders {
  const { origin } = request.headers
  return {
    'access-control-allow-origin': origin ?? '*',
    // A wildcard would not cover authorization, so what is asked for is echoed.
    'access-control-allow-headers': request.headers['access-control-request-headers'] ?? 'authorization, content-type',
    'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE, OPTIONS',
    'access-control-expose-headers': EXPOSED,
    'cross-origin-resource-policy': 'cross-origin',
    ...(origin === undefined ? {} : { 'access-control-allow-credentials': 'true', vary: 'Origin' }),
  }
}
