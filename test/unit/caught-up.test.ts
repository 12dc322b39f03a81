import { beforeEach, expect, test } from 'vitest'
import { caughtUp } from '../../src/main/caught-up.ts'
import { Status } from '../../src/main/status.ts'
import { ManualClock } from '../contract/manual-clock.ts'

let status: Status
let clock: ManualClock
let hasSettled: boolean

beforeEach(() => {
  status = new Status()
  status.set({ connection: 'live', offset: '0005' })
  clock = new ManualClock()
  hasSettled = false
})

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function wait(end: Promise<string | null>): Promise<void> {
  void caughtUp({ status, end, after: (delayMs, task) => clock.after(delayMs, task) }).then(() => (hasSettled = true))
  await turn()
}

test('waits for the rows up to the end of the stream', async () => {
  await wait(Promise.resolve('0007'))
  status.set({ offset: '0006' })
  await turn()
  expect(hasSettled).toBe(false)
  status.set({ offset: '0007' })
  await turn()
  expect(hasSettled).toBe(true)
})

test('does not wait where the end is shown already, or nobody knows it', async () => {
  await wait(Promise.resolve('0005'))
  expect(hasSettled).toBe(true)
  hasSettled = false
  await wait(Promise.resolve(null))
  expect(hasSettled).toBe(true)
  hasSettled = false
  await wait(Promise.reject(new Error('offline')))
  expect(hasSettled).toBe(true)
})

test.each(['connecting', 'catching-up'] as const)('a connection that is made again (%s) is waited for', async (connection) => {
  await wait(Promise.resolve('0007'))
  status.set({ connection })
  await turn()
  expect(hasSettled).toBe(false)
  status.set({ connection: 'live', offset: '0008' })
  await turn()
  expect(hasSettled).toBe(true)
})

test.each(['idle', 'paused', 'offline', 'needs-auth', 'not-found', 'failed', 'ended', 'closed'] as const)('where nothing is read (%s) nothing is waited for', async (connection) => {
  await wait(new Promise(() => undefined))
  expect(hasSettled).toBe(false)
  status.set({ connection })
  await turn()
  expect(hasSettled).toBe(true)
})

test('gives up after 10 s, also where the server does not say its end', async () => {
  await wait(new Promise(() => undefined))
  clock.advance(9999)
  await turn()
  expect(hasSettled).toBe(false)
  clock.advance(1)
  await turn()
  expect(hasSettled).toBe(true)
})
