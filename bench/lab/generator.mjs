import { startChild } from './child.mjs'

const START_MS = 30_000

/** Runs `use` with a stream of its own, which begins with the server's `rows` inserts, and a process that writes to it. */
export async function withGenerator({ server, rows, stream = 'rows' }, use) {
  const url = await server.copy()
  const { call, stop } = await startChild('generator', { args: [url, rows, stream], startMs: START_MS })
  try {
    return await use({
      url,
      /** Begins to update rows. @returns what ends it, and tells what was done */
      flood(updates) {
        const flooded = call('flood', updates, updates.mostMs + START_MS)
        return async () => {
          await call('halt')
          return flooded
        }
      },
      trickle: (changes) => call('trickle', changes, changes.count * changes.everyMs * 2 + START_MS),
      change: (size) => call('change', size),
      top: (count) => call('top', count),
    })
  } finally {
    stop()
    await server.drop(url)
  }
}
