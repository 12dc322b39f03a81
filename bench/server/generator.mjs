// Writes to a stream from a process of its own: the server must not wait for it, nor it for the server's reads.
import { setTimeout as pause } from 'node:timers/promises'
import { answerCalls } from './answer-calls.mjs'
import { writerOf } from './writers.mjs'

const STEP_MS = 10

const [url, rows, stream] = process.argv.slice(2)
const writer = writerOf(stream, url, Number(rows))
let isHalted = false

answerCalls({
  /**
   * Updates rows at `rate` a second until halted, or `mostMs` long; what a slow append leaves undone goes into the next. `appends` are
   * the times that the changed rows have, where they have one.
   */
  async flood({ rate, hot, mostMs }) {
    isHalted = false
    const from = performance.now()
    const appends = []
    let sent = 0
    while (!isHalted && performance.now() - from < mostMs) {
      const due = Math.floor(((performance.now() - from) * rate) / 1000) - sent
      if (due > 0) appends.push(await writer.scatter(due, hot))
      sent += Math.max(0, due)
      await pause(STEP_MS)
    }
    return { updates: sent, appends, tookMs: performance.now() - from, endedAt: performance.timeOrigin + performance.now() }
  },
  halt() {
    isHalted = true
  },
  /** Changes a row `count` times, one at a time; see `Writer.record`. */
  async trickle({ count, everyMs }) {
    const changes = []
    while (changes.length < count) {
      changes.push(await writer.record(1))
      // Not in step with the frames, nor with any other timer.
      await pause(everyMs * (0.5 + Math.random()))
    }
    return changes
  },
  change: (size) => writer.change(size),
  top: (count) => writer.top(count),
})
process.send({ ready: null })
