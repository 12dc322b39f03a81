import { MOST_CHANGES } from './generator.mjs'

/** A log with fewer changes is worth keeping for whoever comes next: a cache of it may be in the browser. */
const WORN_CHANGES = 200_000

/**
 * What can be asked of a board's log.
 * @param about what a page needs before it can read the log, beside its path
 * @param more calls of this board only; each may change what the log starts with
 */
export function createLogCalls({ log, generator, about, more = {} }) {
  const calls = {
    /** A log that is full, or that is long and nobody reads, is started over. */
    open() {
      if (generator.isFull() || (!generator.isSeen() && log.changes > WORN_CHANGES)) log.startOver()
      generator.seen()
      return { path: log.path, ...about() }
    },
    state() {
      generator.seen()
      return { path: log.path, rate: generator.rate, changes: log.changes, mostChanges: MOST_CHANGES, isFull: generator.isFull() }
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
  return calls
}

/**
 * What a page can ask about a board's log: address → a function of the request's body.
 * @param ask makes one of the calls above
 * @param gate to the stream: `open`
 * @param commands of this board only: address → a function of `ask` and of the body
 */
export function logRequests({ ask: askLog, gate, rates, commands = {} }) {
  const ask = async (call, argument) => {
    const answer = await askLog(call, argument)
    return { ...answer, open: gate.open }
  }
  return {
    readings: { '/open': () => ask('open'), '/state': () => ask('state') },
    commands: {
      '/rate': ({ rate: asked }) => {
        if (!rates.includes(asked)) throw new TypeError(`rate: one of ${rates.join(', ')} expected`)
        return ask('setRate', asked)
      },
      '/stream': ({ open }) => {
        if (typeof open !== 'boolean') throw new TypeError('open: boolean expected')
        gate.open = open
        return ask('state')
      },
      '/start-over': () => ask('startOver'),
      ...Object.fromEntries(Object.entries(commands).map(([path, command]) => [path, (body) => command(ask, body)])),
    },
  }
}
