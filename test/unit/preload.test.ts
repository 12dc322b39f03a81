// @vitest-environment-options {"own":"unit/preload"}
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Preload } from '../../src/main/preload.ts'
import { Status } from '../../src/main/status.ts'
import type { StreamDBStatus } from '../../src/shared/status.ts'

/** Longer than a preload waits without progress. */
const LONG_MS = 600_000
/** Well within its patience. */
const SHORT_MS = 20_000

let status: Status
let preload: Preload
beforeEach(() => {
  vi.useFakeTimers()
  status = new Status()
  preload = new Preload(status.getSnapshot, () => false)
})
afterEach(() => {
  const left = vi.getTimerCount()
  vi.useRealTimers()
  expect(left).toBe(0)
})

function observe(change: Partial<StreamDBStatus>): void {
  status.set(change)
  preload.observe()
}

const refused = (failedAttempts: number): Partial<StreamDBStatus> => ({
  connection: 'needs-auth',
  failedAttempts,
  lastError: { code: 'NEEDS_AUTH', message: 'no', retryable: true, status: 401 },
})

test('everyone who waits is told when the collections are ready, and whoever comes later', async () => {
  const waiting = [preload.wait(), preload.wait()]
  expect(preload.isReady).toBe(false)
  preload.ready()
  await Promise.all(waiting)
  expect(preload.isReady).toBe(true)
  await preload.wait()
})

test.each([
  ['needs-auth', 'NEEDS_AUTH'],
  ['not-found', 'STREAM_NOT_FOUND'],
  ['failed', 'STREAM_ERROR'],
] as const)('%s is told as %s', async (connection, code) => {
  const waiting = expect(preload.wait()).rejects.toMatchObject({ code, message: 'no', status: 400 })
  observe({ connection, failedAttempts: 1, lastError: { code, message: 'no', retryable: false, status: 400 } })
  await waiting
})

test('a refusal from before the waiting began is not told', async () => {
  observe(refused(3))
  const waiting = preload.wait()
  preload.observe()
  observe({ connection: 'connecting' })
  preload.ready()
  await waiting
})

test('the next refusal is', async () => {
  observe(refused(3))
  const waiting = expect(preload.wait()).rejects.toMatchObject({ code: 'NEEDS_AUTH' })
  observe(refused(4))
  await waiting
})

test('the first refusal by another engine is, although that one counts from the beginning', async () => {
  observe(refused(3))
  const outcome = preload.wait().catch((error: unknown) => error)
  observe({ connection: 'idle', failedAttempts: 0, lastError: null })
  observe(refused(1))
  await vi.advanceTimersByTimeAsync(LONG_MS)
  expect(await outcome).toMatchObject({ code: 'NEEDS_AUTH' })
})

test('being offline is waited out for a while, then told', async () => {
  const waiting = expect(preload.wait()).rejects.toMatchObject({ code: 'OFFLINE', retryable: true, message: expect.stringContaining('refused connection') })
  observe({ connection: 'offline', failedAttempts: 1, lastError: { code: 'OFFLINE', message: 'refused connection', retryable: true } })
  await vi.advanceTimersByTimeAsync(SHORT_MS)
  preload.observe()
  await vi.advanceTimersByTimeAsync(LONG_MS)
  await waiting
})

test('progress is waited for, however long it takes', async () => {
  const waiting = preload.wait()
  for (let rows = 1; rows < 100; rows += 1) {
    observe({ connection: 'catching-up', rows, offset: String(rows) })
    await vi.advanceTimersByTimeAsync(SHORT_MS)
  }
  preload.ready()
  await waiting
})

test('failing again and again is no progress', async () => {
  const waiting = expect(preload.wait()).rejects.toMatchObject({ code: 'OFFLINE' })
  for (let attempt = 1; attempt < 40; attempt += 1) {
    observe({ connection: 'offline', failedAttempts: attempt, lastError: { code: 'OFFLINE', message: `no ${String(attempt)}`, retryable: true } })
    await vi.advanceTimersByTimeAsync(SHORT_MS)
  }
  await waiting
})

test('everyone is told of the end, and can wait again after it', async () => {
  const error = new Error('closed')
  const waiting = [preload.wait(), preload.wait()].map((one) => expect(one).rejects.toBe(error))
  preload.rejectAll(error)
  await Promise.all(waiting)
  const again = preload.wait()
  preload.ready()
  await again
})

test('a connection that flips between two states is no progress', async () => {
  const waiting = expect(preload.wait()).rejects.toMatchObject({ code: 'OFFLINE' })
  for (let second = 0; second < 61; second += 1) {
    observe({ connection: second % 2 === 0 ? 'connecting' : 'offline' })
    await vi.advanceTimersByTimeAsync(1000)
  }
  await waiting
})

test('a refusal that may be mended is waited out for a while, then told', async () => {
  let isOpen = true
  preload = new Preload(status.getSnapshot, () => isOpen)
  const outcome = preload.wait().catch((error: unknown) => error)
  observe(refused(1))
  await vi.advanceTimersByTimeAsync(LONG_MS)
  expect(await outcome).toMatchObject({ code: 'NEEDS_AUTH', status: 401 })
  const second = preload.wait().catch((error: unknown) => error)
  observe(refused(2))
  isOpen = false
  preload.observe()
  expect(await second).toMatchObject({ code: 'NEEDS_AUTH' })
})

test('a refusal that is being tried again when patience ends is told as what it is', async () => {
  const open = new Preload(status.getSnapshot, () => true)
  const waiting = expect(open.wait()).rejects.toMatchObject({ code: 'NEEDS_AUTH' })
  status.set(refused(9))
  open.observe()
  status.set({ connection: 'connecting' })
  open.observe()
  await vi.advanceTimersByTimeAsync(LONG_MS)
  await waiting
})
