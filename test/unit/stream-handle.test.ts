// @vitest-environment-options {"own":"unit/stream-handle"}
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Link } from '../../src/main/link.ts'
import { LinkedStream } from '../../src/main/stream-handle.ts'
import { ScriptedTab } from './scripted-tab.ts'

let link: Link
let stream: LinkedStream
/** Sessions that were asked for: an append has come that far. */
let sessions: number

beforeEach(() => {
  sessions = 0
  link = new Link({
    open: () => {
      sessions += 1
      throw new Error('there is no worker')
    },
    hello: () => Promise.reject(new Error('nobody asks')),
    tab: new ScriptedTab(),
    onSession: () => undefined,
    onDown: () => undefined,
  })
  stream = new LinkedStream('https://example.com/s', 'application/json', link)
})
afterEach(() => {
  link.close()
})

const soon = { timeout: 1000 }
const silence = (): Promise<string> => new Promise(() => undefined)

describe('a body that is promised', () => {
  test('is not waited for once the signal aborts', soon, async () => {
    const controller = new AbortController()
    const done = stream.append(silence(), { signal: controller.signal })
    const reason = new Error('the form was closed')
    controller.abort(reason)
    await expect(done).rejects.toBe(reason)
  })

  test('is not waited for when the signal has aborted before', soon, async () => {
    const reason = new Error('too late')
    await expect(stream.append(silence(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  test('is not waited for once the StreamDB is closed', soon, async () => {
    const { signal } = new AbortController()
    const outcomes = Promise.allSettled([stream.append(silence()), stream.append(silence(), { signal })])
    link.close()
    expect(await outcomes).toMatchObject([{ reason: { code: 'CLOSED' } }, { reason: { code: 'CLOSED' } }])
    await expect(stream.append(silence())).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('that fails late, or beside options that are refused, leaves no rejection that nobody handles', soon, async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    let fail: (error: Error) => void = () => undefined
    const body = new Promise<string>((_, reject) => (fail = reject))
    const outcomes = Promise.allSettled([
      stream.append(body, { signal: AbortSignal.abort(new Error('too late')) }),
      stream.append(body, { seq: 1 as never }),
      stream.append(body),
    ])
    fail(new Error('no body'))
    expect(await outcomes).toMatchObject([{ reason: { message: 'too late' } }, { reason: { code: 'INVALID_ARGUMENT' } }, { reason: { message: 'no body' } }])
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note)
    expect([unhandled, sessions]).toEqual([[], 0])
  })

  test('is appended when it is there, and checked like any other', soon, async () => {
    await expect(stream.append(Promise.resolve(1 as never))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(sessions).toBe(0)
    await expect(stream.append(Promise.resolve('{}'))).rejects.toMatchObject({ code: 'WORKER_START_FAILED' })
    expect(sessions).toBe(1)
  })
})


describe('a producer', () => {
  const whole = { producerId: 'form', producerEpoch: 0, producerSeq: 0 }

  test.each(['producerId', 'producerEpoch', 'producerSeq'] as const)('is refused without its %s', soon, async (name) => {
    for (const options of [{ ...whole, [name]: undefined }, { [name]: whole[name] }]) {
      await expect(stream.append('{}', options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('go together') as string })
    }
    expect(sessions).toBe(0)
  })

  test.each([['empty', ''], ['two lines', 'a\nb'], ['beyond what a header can carry', '→'], ['with blanks around it', ' a ']])('is refused whose id is %s', soon, async (_, producerId) => {
    await expect(stream.append('{}', { ...whole, producerId })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('producerId') as string })
    expect(sessions).toBe(0)
  })

  test('that is whole is taken', soon, async () => {
    await expect(stream.append('{}', whole)).rejects.toMatchObject({ code: 'WORKER_START_FAILED' })
  })
})
