import { liveEvents } from './events.mjs'

const TICK_MS = 100
export const MAX_RATE = 1000

/** Appends the live events at a rate that can be changed while it runs. */
export function createPlayback({ flights, append, rate: firstRate }) {
  const events = liveEvents(flights)
  let rate = firstRate
  let due = 0
  let sent = 0
  let writing = false

  async function tick() {
    due = Math.min(due + (rate * TICK_MS) / 1000, MAX_RATE)
    const count = Math.floor(due)
    if (writing || count === 0) return
    due -= count
    writing = true
    try {
      await append(Array.from({ length: count }, () => events.next().value))
      sent += count
    } finally {
      writing = false
    }
  }

  const timer = setInterval(() => void tick().catch(stop), TICK_MS)
  function stop() {
    clearInterval(timer)
  }

  return {
    get rate() {
      return rate
    },
    set rate(eventsPerSecond) {
      rate = Math.min(Math.max(eventsPerSecond, 0), MAX_RATE)
      due = 0
    },
    get sent() {
      return sent
    },
    stop,
  }
}
