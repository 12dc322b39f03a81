import { expect, test } from 'vitest'
import { OnError } from '../../src/main/on-error.ts'
import type { StreamOptions } from '../../src/main/options.ts'
import type { ErrorData } from '../../src/shared/errors.ts'
import { ManualClock } from '../contract/manual-clock.ts'

const REFUSAL: ErrorData = { code: 'NEEDS_AUTH', message: 'no', retryable: true, status: 401 }
const nextTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

function setUp(onError: StreamOptions['onError'], random = 0.999) {
  const clock = new ManualClock()
  const seen: unknown[] = []
  const handler = new OnError({
    onError,
    random: () => random,
    after: (delayMs, task) => clock.after(delayMs, task),
    onAnswer: (answer) => seen.push(answer),
    retry: () => seen.push('retry'),
    onStands: (failure) => seen.push(failure ?? 'stands'),
  })
  return { clock, seen, handler }
}

test('without onError no refusal is open', () => {
  const { handler } = setUp(undefined)
  handler.refused(REFUSAL)
  expect(handler.isOpen).toBe(false)
})

test('a refusal is open until onError has answered, and while its retry is under way', async () => {
  const { handler, clock, seen } = setUp(async (error) => ({ headers: { code: (error as unknown as ErrorData).code } }))
  handler.refused(REFUSAL)
  expect(handler.isOpen).toBe(true)
  await nextTask()
  expect(seen).toEqual([{ headers: { code: 'NEEDS_AUTH' } }])
  clock.advance(100)
  expect(seen.at(-1)).toBe('retry')
  expect(handler.isOpen).toBe(true)
  handler.progress()
  expect(handler.isOpen).toBe(false)
})

test('it stands when onError returns nothing, or throws', async () => {
  for (const [onError, told] of [
    [() => undefined, 'stands'],
    [() => { throw new Error('mine') }, { code: 'HOOK_FAILED', message: 'onError threw: mine', retryable: false }],
  ] as const) {
    const { handler, seen } = setUp(onError)
    handler.refused(REFUSAL)
    await nextTask()
    expect(seen).toEqual([told])
    expect(handler.isOpen).toBe(false)
  }
})

test('a server that always refuses is asked fewer than 20 times in the first minute, and a few times a minute later', async () => {
  const { handler, clock, seen } = setUp(() => ({}), 0.5)
  const retries = (): number => seen.filter((entry) => entry === 'retry').length
  const refuseFor = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 50) {
      const before = retries()
      clock.advance(50)
      if (retries() === before && handler.isOpen) continue
      handler.refused(REFUSAL)
      await nextTask()
    }
  }
  await refuseFor(60_000)
  expect(retries()).toBeGreaterThan(5)
  expect(retries()).toBeLessThan(20)
  const before = retries()
  await refuseFor(60_000)
  expect(retries() - before).toBeLessThanOrEqual(5)
  handler.progress()
  handler.refused(REFUSAL)
  await nextTask()
  clock.advance(100)
  expect(retries() - before).toBeGreaterThan(1)
})

test('nothing is tried after close, also when onError answers only then', async () => {
  const { handler, clock, seen } = setUp(async () => ({}))
  handler.refused(REFUSAL)
  handler.close()
  await nextTask()
  clock.advance(60_000)
  expect(seen).toEqual([])
})
