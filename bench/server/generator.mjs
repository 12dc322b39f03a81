// Writes to a stream from a process of its own: the server must not wait for it, nor it for the server's reads.
import { setTimeout as pause } from 'node:timers/promises'
import { answerCalls } from './answer-calls.mjs'
import { Writer } from './writer.mjs'

const STEP_MS = 10

const [url, rows] = process.argv.slice(2)
const writer = new Writer(url, Number(rows))
let isHalted = false

answerCalls({
  /** Updates rows at `rate` a second until halted, or `mostMs` long; what a slow append leaves undone goes into the next. */
  async flood({ rate, hot, mostMs }) {
    isHalted = false
    const from = performance.now()
    let sent = 0
    while (!isHalted && performance.now() - from < mostMs) {
      const due = Math.floor(((performance.now() - from) * rate) / 1000) - sent
      if (due > 0) await writer.scatter(due, hot)
      sent += Math.max(0, due)
      await pause(STEP_MS)
    }
    return { updates: sent, tookMs: performance.now() - from, endedAt: performance.timeOrigin + performance.now() }
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
  change: (size) => writer.record(size),
  top: (count) => writer.top(count),
})
process.send({ ready: null })
