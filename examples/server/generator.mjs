const TICK_MS = 20

/** The log is kept in memory, and read whole by whoever comes without a cache: about 300 MB with all of its changes. */
export const MOST_CHANGES = 600_000

/** So many changes a second are where the page looks at first: more of them, and nobody could read a figure. */
const MOST_HOT = 50
const HOT_SHARE = 0.02

/** Nobody looks any more when no page has asked for so long. */
const UNSEEN_MS = 60_000

/** Writes changes to the log at a rate that can be changed while it runs, as long as somebody looks and there is room. */
export function createGenerator({ log, nextChange, rate: firstRate }) {
  let rate = firstRate
  let due = 0
  let seenAt = Date.now()
  let last = Date.now()

  const isSeen = () => Date.now() - seenAt < UNSEEN_MS
  const room = () => MOST_CHANGES - log.changes

  setInterval(() => {
    const now = Date.now()
    // What a busy machine has missed is made up for, but not the time in which it slept.
    due += (rate * Math.min(now - last, 10 * TICK_MS)) / 1000
    last = now
    const count = Math.min(Math.floor(due), room())
    due -= Math.floor(due)
    if (count === 0 || !isSeen()) return
    const hotShare = Math.min(HOT_SHARE, MOST_HOT / rate)
    log.change(Array.from({ length: count }, () => nextChange(hotShare)))
  }, TICK_MS)

  return {
    get rate() {
      return rate
    },
    set rate(eventsPerSecond) {
      rate = eventsPerSecond
      due = 0
    },
    isSeen,
    seen() {
      seenAt = Date.now()
    },
    isFull: () => room() <= 0,
  }
}
