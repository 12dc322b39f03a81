import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { createGate } from '../../server/gate.mjs'

const COOKIE = 'tasks-device'
const YEAR_S = 31_536_000

/**
 * Each browser has a gate of its own to the stream, so that one can be offline while the others are not. A cookie tells the
 * browsers apart; a browser's worker sends it too.
 */
export function createDevices(base) {
  const devices = new Map()
  const methods = ['GET', 'HEAD', 'POST']

  function idOf(req) {
    return new RegExp(`(?:^|; )${COOKIE}=([0-9a-f-]{36})(?:;|$)`).exec(req.headers.cookie ?? '')?.[1]
  }

  function deviceOf(id) {
    let device = devices.get(id)
    if (device === undefined) {
      /** Ids of the writes that the server is to refuse, each once. */
      device = { gate: createGate(base, methods), refused: new Set() }
      devices.set(id, device)
    }
    return device
  }

  return {
    /** The device that asks. A device without a cookie gets one with the answer. */
    known(req, res) {
      const id = idOf(req) ?? randomUUID()
      res.setHeader('set-cookie', `${COOKIE}=${id}; Path=/; Max-Age=${YEAR_S}; SameSite=Strict; HttpOnly`)
      return deviceOf(id)
    },
    async handle(req, res) {
      const { gate, refused } = deviceOf(idOf(req) ?? '')
      if (req.method !== 'POST' || !gate.open) return gate.handle(req, res)
      const body = await text(req)
      const ids = writeIdsOf(body)
      if (!ids.some((id) => refused.has(id))) return gate.handle(req, res, body)
      // A request of several writes comes again in parts, until the refused write is alone.
      if (ids.length === 1) refused.delete(ids[0])
      res.writeHead(400, { 'content-type': 'text/plain' }).end('The server was told to refuse this write.')
    },
    close() {
      for (const { gate } of devices.values()) gate.close()
    },
  }
}

/** All events of a write have its id as their `txid`. */
function writeIdsOf(body) {
  try {
    return [...new Set([JSON.parse(body)].flat().map((event) => event.headers.txid))]
  } catch {
    return []
  }
}
