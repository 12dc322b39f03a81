import { beforeEach, expect, test } from 'vitest'
import { RequestGate } from '../../src/worker/reader/request-gate.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { settled } from './scripted-tab.ts'

let clock: ManualClock
let gate: RequestGate
let hasTurn: boolean

beforeEach(() => {
  clock = new ManualClock()
  clock.advance(1000)
  gate = new RequestGate({ env: { clock, random: () => 0.99 }, backoff: null, silenceTimeoutMs: 30_000, onSilent: () => undefined })
  hasTurn = false
})

/** A live request is answered 20 ms after it was sent, and the client asks for the next one at once. */
async function answered(): Promise<void> {
  gate.sent('live')
  clock.advance(20)
  gate.over({ kind: 'live', ok: true, isIdle: false, retryAfterMs: 0 })
  void gate.turn().then(() => (hasTurn = true))
  await settled()
}

test.each(['moved', 'continued'] as const)('the request that waits after an answer goes out as soon as the answer has %s the reading', async (progress) => {
  await answered()
  expect(hasTurn).toBe(false)
  if (progress === 'moved') gate.moved(1)
  else gate.continued()
  await settled()
  expect(hasTurn).toBe(true)
})

test('without progress it waits', async () => {
  await answered()
  clock.advance(10)
  await settled()
  expect(hasTurn).toBe(false)
  clock.advance(60_000)
  await settled()
  expect(hasTurn).toBe(true)
})

test('two requests begin at least 10 ms apart, whatever the progress', async () => {
  gate.sent('live')
  clock.advance(2)
  gate.over({ kind: 'live', ok: true, isIdle: false, retryAfterMs: 0 })
  void gate.turn().then(() => (hasTurn = true))
  await settled()
  gate.moved(1)
  await settled()
  expect(hasTurn).toBe(false)
  clock.advance(8)
  await settled()
  expect(hasTurn).toBe(true)
})
