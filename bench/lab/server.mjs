import { startChild } from './child.mjs'

const SEED_MS_PER_ROW = 2

/** Starts the server process on a stream of `rows` inserts, which it reads `reads` times; resolves when it has. `stream`: see server/writers.mjs. */
export async function startServer({ dir, rows, reads, stream = 'rows' }) {
  const { said, call, stop } = await startChild('process', { args: [dir, rows, reads, stream], startMs: 60_000 + rows * SEED_MS_PER_ROW })
  return {
    ...said,
    change: (size) => call('change', size),
    top: (count) => call('top', count),
    copy: () => call('copy'),
    drop: (copy) => call('drop', copy),
    count: (copy) => call('count', copy),
    cut: (isCut) => call('cut', isCut),
    takePosts: () => call('takePosts'),
    setLink: (link) => call('setLink', link),
    wireBytes: () => call('wireBytes'),
    traffic: () => call('traffic'),
    stop,
  }
}
