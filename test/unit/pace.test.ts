// @vitest-environment-options {"own":"unit/pace"}
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Pace } from '../../src/main/pace.ts'

const FRAME_MS = 16

let pace: Pace

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' })
  vi.stubGlobal('document', document)
  pace = new Pace()
})

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

/** Takes batches of so many rows; each comes `gapMs` after the answer to the one before. @returns the time from the last batch to its answer, ms */
async function take(count: number, { gapMs, tookMs, rows }: { readonly gapMs: number; readonly tookMs: number; readonly rows: number }): Promise<number> {
  let answered = 0
  for (let batch = 0; batch < count; batch += 1) {
    await vi.advanceTimersByTimeAsync(gapMs)
    const came = performance.now()
    pace.came(came, rows)
    const turn = pace.nextTurn(tookMs)
    let isOver = false
    void turn.then(() => { isOver = true })
    while (!isOver) await vi.advanceTimersByTimeAsync(1)
    answered = performance.now() - came
  }
  return answered
}

/** So many rows that a flood stays one when its batches are answered late. */
const MANY = 100

describe('a batch is answered', () => {
  // A row every 30 ms, and two with each frame.
  test.each([[14, 1], [1, 2]])('after a frame’s time, when few rows change, however many batches come (%i ms, %i rows)', async (gapMs, rows) => {
    expect(await take(100, { gapMs, tookMs: 3, rows })).toBeLessThanOrEqual(FRAME_MS + 1)
  })

  test('soon, when it came by itself, so that a change right after it is not late', async () => {
    expect(await take(1, { gapMs: 1, tookMs: 1, rows: 1 })).toBeLessThanOrEqual(5)
    expect(await take(20, { gapMs: 40, tookMs: 1, rows: 1 })).toBeLessThanOrEqual(5)
    expect(await take(20, { gapMs: 1, tookMs: 1, rows: 1 })).toBeGreaterThanOrEqual(FRAME_MS)
  })

  test('after a frame’s time, when a few wait for each other', async () => {
    expect(await take(9, { gapMs: 1, tookMs: 3, rows: MANY })).toBeLessThanOrEqual(FRAME_MS + 1)
  })

  test('so late in a flood that the work is 2 % of the time', async () => {
    expect(await take(30, { gapMs: 1, tookMs: 1, rows: MANY })).toBeGreaterThanOrEqual(50)
    expect(await take(1, { gapMs: 1, tookMs: 1, rows: MANY })).toBeLessThan(50 + 2 * FRAME_MS)
  })

  test('100 ms late at most, until a batch takes longer by itself', async () => {
    expect(await take(30, { gapMs: 1, tookMs: 20, rows: MANY })).toBeLessThan(100 + 2 * FRAME_MS)
    expect(await take(30, { gapMs: 1, tookMs: 300, rows: 3 * MANY })).toBeGreaterThanOrEqual(300)
  })

  test('after a frame’s time again, when few rows change after a flood', async () => {
    await take(30, { gapMs: 1, tookMs: 2, rows: MANY })
    expect(await take(1, { gapMs: 1, tookMs: 2, rows: 2 })).toBeLessThanOrEqual(FRAME_MS + 1)
  })

  test('without a pause for a flood where no frame is shown', async () => {
    vi.stubGlobal('document', undefined)
    expect(await take(30, { gapMs: 1, tookMs: 2, rows: MANY })).toBeLessThanOrEqual(1)
  })
})
