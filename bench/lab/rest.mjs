import { setTimeout as pause } from 'node:timers/promises'

const QUIET_MS = 500
const LIMIT_MS = 5_000
const STEP_MS = 50

/** The server's traffic after a while without traffic, or when the time limit ends. */
export async function atRest(server) {
  const until = performance.now() + LIMIT_MS
  let last = await server.traffic()
  let since = performance.now()
  while (performance.now() < Math.min(since + QUIET_MS, until)) {
    await pause(STEP_MS)
    const next = await server.traffic()
    if (next.live !== last.live || next.bytes !== last.bytes) since = performance.now()
    last = next
  }
  return last
}
