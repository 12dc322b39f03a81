// @vitest-environment-options {"own":"unit/txids"}
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SidestreamError } from '../../src/shared/errors.ts'
import { SeenTxids } from '../../src/main/seen-txids.ts'
import { Txids } from '../../src/main/txids.ts'

let seen: SeenTxids
let txids: Txids
/** The rows of these transactions are in the collections. */
const tell = (ids: ReadonlyArray<string>): void => {
  seen.add(ids)
  txids.seen(ids)
}
beforeEach(() => {
  vi.useFakeTimers()
  seen = new SeenTxids()
  txids = new Txids(seen)
})
afterEach(() => {
  const left = vi.getTimerCount()
  vi.useRealTimers()
  expect(left).toBe(0)
})

test('everyone who waits is told when the rows are there', async () => {
  const waiting = [txids.wait('a'), txids.wait('a', 100), txids.wait('b')]
  tell(['x', 'a', 'b'])
  await Promise.all(waiting)
})

test('who asks late is answered at once', async () => {
  tell(['a'])
  await txids.wait('a')
})

test('who waits in vain is told after the given time, 5 s by default, in the peer’s words', async () => {
  const [short, usual, unlimited] = [txids.wait('a', 100), txids.wait('a'), txids.wait('a', 60_000)]
  const outcomes = [
    expect(short).rejects.toMatchObject({ code: 'TXID_TIMEOUT', message: 'Timeout waiting for txid: a', retryable: true }),
    expect(usual).rejects.toMatchObject({ code: 'TXID_TIMEOUT' }),
  ]
  await vi.advanceTimersByTimeAsync(100)
  await outcomes[0]
  expect(vi.getTimerCount()).toBe(2)
  await vi.advanceTimersByTimeAsync(4900)
  await outcomes[1]
  tell(['a'])
  await unlimited
})

test('a txid that comes after a time-out is remembered', async () => {
  const late = expect(txids.wait('a', 100)).rejects.toThrow()
  await vi.advanceTimersByTimeAsync(100)
  await late
  tell(['a'])
  await txids.wait('a')
})

test('everyone is told that it will not happen, and the next one can wait again', async () => {
  const error = new SidestreamError('CLOSED', 'closed')
  const outcomes = [txids.wait('a'), txids.wait('b')].map((waiting) => expect(waiting).rejects.toBe(error))
  txids.rejectAll(error)
  await Promise.all(outcomes)
  const again = txids.wait('a')
  tell(['a'])
  await again
})

test('the oldest are forgotten, the newest 4,096 are not, and a repetition renews', async () => {
  tell(['first', 'renewed'])
  for (let n = 0; n < 4095; n += 1) tell([`t${String(n)}`])
  tell(['renewed'])
  tell(['last'])
  await txids.wait('renewed')
  await txids.wait('t4094')
  await txids.wait('last')
  for (const forgotten of ['first', 't0']) {
    const outcome = expect(txids.wait(forgotten, 10)).rejects.toMatchObject({ code: 'TXID_TIMEOUT' })
    await vi.advanceTimersByTimeAsync(10)
    await outcome
  }
})

test('many at once are bounded as well', async () => {
  tell(Array.from({ length: 100_000 }, (_, n) => `t${String(n)}`))
  await txids.wait('t99999')
  const outcome = expect(txids.wait('t0', 10)).rejects.toThrow()
  await vi.advanceTimersByTimeAsync(10)
  await outcome
})

test('names that objects have are names', async () => {
  const outcome = expect(txids.wait('__proto__', 10)).rejects.toThrow()
  await vi.advanceTimersByTimeAsync(10)
  await outcome
  tell(['constructor'])
  await txids.wait('constructor')
})
