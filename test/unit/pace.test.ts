// @vitest-environment-options {"own":"unit/pace"}
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Pace } from '../../src/main/pace.ts'

const FRAME_MS = 16

let pace: Pace

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' })
  vi.stubGlobal('document', document)
  vi.stubGlobal('requestAnimationFrame', (show: () => void) => setTimeout(show, FRAME_MS))
  pace = new Pace()
})

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

/** Takes batches; each comes `gapMs` after the answer to the one before. @returns the time from the last batch to its answer, ms */
async function take(count: number, { gapMs, tookMs }: { readonly gapMs: number; readonly tookMs: number }): Promise<number> {
  let answered = 0
  for (let batch = 0; batch < count; batch += 1) {
    await vi.advanceTimersByTimeAsync(gapMs)
    const came = performance.now()
    pace.came(came)
    const turn = pace.nextTurn(tookMs)
    let isOver = false
    void turn.then(() => { isOver = true })
    while (!isOver) await vi.advanceTimersByTimeAsync(1)
    answered = performance.now() - came
  }
  return answered
}

describe('a batch is answered', () => {
  test('with the next frame, when changes have pauses between them, however many come', async () => {
    expect(await take(100, { gapMs: 30, tookMs: 3 })).toBeLessThanOrEqual(FRAME_MS + 1)
  })

  test('with the next frame, when a few wait for each other', async () => {
    expect(await take(10, { gapMs: 1, tookMs: 3 })).toBeLessThanOrEqual(FRAME_MS + 1)
  })

  test('so late in a flood that the work is 2 % of the time', async () => {
    expect(await take(30, { gapMs: 1, tookMs: 1 })).toBeGreaterThanOrEqual(50)
    expect(await take(1, { gapMs: 1, tookMs: 1 })).toBeLessThan(50 + 2 * FRAME_MS)
  })

  test('100 ms late at most, until a batch takes longer by itself', async () => {
    expect(await take(30, { gapMs: 1, tookMs: 20 })).toBeLessThan(100 + 2 * FRAME_MS)
    expect(await take(30, { gapMs: 1, tookMs: 300 })).toBeGreaterThanOrEqual(300)
  })

  test('with the next frame again, after a second pause in the flood', async () => {
    await take(30, { gapMs: 1, tookMs: 2 })
    expect(await take(1, { gapMs: 30, tookMs: 2 })).toBeGreaterThanOrEqual(100)
    expect(await take(1, { gapMs: 30, tookMs: 2 })).toBeLessThanOrEqual(FRAME_MS + 1)
  })

  // Three of four come at once: thirty batches a second, of a stream of which a page shows little.
  test('late in a flood whose batches do not all follow at once', async () => {
    const batches = async (count: number): Promise<number[]> => {
      const answered: number[] = []
      for (let batch = 0; batch < count; batch += 1) answered.push(await take(1, { gapMs: batch % 4 === 3 ? 30 : 1, tookMs: 3 }))
      return answered
    }
    await batches(60)
    expect(Math.min(...(await batches(20)))).toBeGreaterThanOrEqual(100)
  })

  test('without a pause for a flood where no frame is shown', async () => {
    vi.stubGlobal('document', undefined)
    expect(await take(30, { gapMs: 1, tookMs: 2 })).toBeLessThanOrEqual(1)
  })
})
