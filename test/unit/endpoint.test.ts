// @vitest-environment-options {"own":"unit/endpoint"}
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openWorker, type OpenEndpoint, type WorkerLike } from '../../src/main/endpoint.ts'

/** A dedicated worker that only counts its ends. */
class ScriptedWorker {
  ends = 0
  readonly postMessage = (): void => undefined
  readonly addEventListener = (): void => undefined
  readonly removeEventListener = (): void => undefined
  readonly terminate = (): void => {
    this.ends += 1
  }
}

let made: ScriptedWorker[]
let make: () => WorkerLike
beforeEach(() => {
  vi.useFakeTimers()
  made = []
  make = () => {
    const worker = new ScriptedWorker()
    made.push(worker)
    return worker as unknown as WorkerLike
  }
})
afterEach(() => {
  vi.useRealTimers()
})

const open = (): OpenEndpoint => openWorker(make, true)!

describe('a worker that a function has made', () => {
  test('is ended two seconds after its last StreamDB, whenever there was one before', () => {
    const first = open()
    first.release()
    vi.advanceTimersByTime(1000)
    const second = open()
    vi.advanceTimersByTime(500)
    second.release()
    // Two seconds after the first release.
    vi.advanceTimersByTime(500)
    const third = open()
    expect(made.map(({ ends }) => ends)).toEqual([0])
    third.release()
    vi.advanceTimersByTime(1999)
    expect(made[0]!.ends).toBe(0)
    vi.advanceTimersByTime(1)
    expect(made[0]!.ends).toBe(1)
    open()
    expect(made.length).toBe(2)
  })

  test('says whether it was there before: then it may be dead, and nobody has noticed', () => {
    const first = open()
    expect([first.reused, open().reused]).toEqual([false, true])
    first.release(true)
    expect(open().reused).toBe(false)
  })

  test('is ended once those that used it have found it dead, and is not used again', () => {
    const [one, two] = [open(), open()]
    one.release(true)
    vi.advanceTimersByTime(5000)
    expect(made.map(({ ends }) => ends)).toEqual([0])
    open()
    expect(made.length).toBe(2)
    two.release(true)
    vi.advanceTimersByTime(0)
    expect(made.map(({ ends }) => ends)).toEqual([1, 0])
  })
})
