import { MOST_CHANGES } from './generator.mjs'

/** A log with fewer changes is worth keeping for whoever comes next: a cache of it may be in the browser. */
const WORN_CHANGES = 200_000

/**
 * Answers the calls of a board's server from a process of its own: making, keeping and serving many events a second must not
 * delay the server of the page.
 * @param about what a page needs before it can read the log, beside its path
 * @param more calls of this board only; each may change what the log starts with
 */
export function serveLog({ log, generator, about, more = {} }) {
  const state = () => ({
    path: log.path,
    rate: generator.rate,
    changes: log.changes,
    mostChanges: MOST_CHANGES,
    isFull: generator.isFull(),
  })

  const calls = {
    /** A log that is full, or that is long and nobody reads, is started over. */
    open() {
      if (generator.isFull() || (!generator.isSeen() && log.changes > WORN_CHANGES)) log.startOver()
      generator.seen()
      return { path: log.path, ...about() }
    },
    state() {
      generator.seen()
      return state()
    },
    setRate(rate) {
      generator.rate = rate
      return calls.state()
    },
    startOver() {
      log.startOver()
      return calls.state()
    },
    ...Object.fromEntries(
      Object.entries(more).map(([name, call]) => [
        name,
        (argument) => {
          call(argument)
          return calls.startOver()
        },
      ]),
    ),
  }

  process.on('message', ({ id, call, argument }) => {
    process.send({ id, value: calls[call](argument) })
  })
  // The demo is gone, however it ended.
  process.on('disconnect', () => process.exit())

  process.send({ ready: { base: log.base } })
}
