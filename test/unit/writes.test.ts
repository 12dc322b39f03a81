import { beforeEach, describe, expect, test } from 'vitest'
import type { Remote, Session } from '../../src/main/connect.ts'
import { Writes, type SessionStatus } from '../../src/main/writes.ts'
import type { EngineContract, Outcome } from '../../src/shared/calls.ts'
import { SidestreamError } from '../../src/shared/errors.ts'
import { Gate } from '../../src/shared/gate.ts'
import type { Write } from '../../src/shared/write.ts'
import { settled } from './scripted-tab.ts'

const write = (id: string): Write => ({ id, mutations: [{ kind: 'remove', collection: 'items', key: '1' }], createdAt: 1 })
const died = new SidestreamError('WORKER_DIED', 'the worker has died', { retryable: true })

const at = (epoch: string, failovers = 0): SessionStatus => ({ epoch, failovers })

let writes: Writes
let isOpen: boolean
/** The opening of a session. */
let opening: Gate<Session>
/** The writes that were sent, in order, with the answers that the test gives. */
let sent: Array<{ readonly id: string; readonly answer: Gate<Outcome<null>> }>
let wakes: number

const engine = {
  write: ({ id }: Write) => {
    const answer = new Gate<Outcome<null>>()
    sent.push({ id, answer })
    return answer.promise
  },
} as unknown as Remote<EngineContract>

beforeEach(() => {
  isOpen = true
  opening = new Gate()
  sent = []
  wakes = 0
  writes = new Writes({
    link: {
      get isOpen() {
        return isOpen
      },
      session: () => opening.promise,
      call: (call) => call(engine),
    },
    status: at(''),
    wake: () => void (wakes += 1),
  })
  writes.opened(at('e1'))
})

/** What has become of a promise. */
async function outcomeOf(work: Promise<unknown>): Promise<string> {
  let outcome = 'waits'
  work.then(() => (outcome = 'stored'), (error: SidestreamError) => (outcome = error.code))
  await settled()
  return outcome
}
const ids = (): string[] => sent.map(({ id }) => id)

describe('a write', () => {
  test('is sent once, and waits for its rows when the engine has stored it', async () => {
    const work = writes.store(write('w1'))
    expect([ids(), wakes]).toEqual([['w1'], 1])
    sent[0]!.answer.resolve({ ok: true, value: null })
    expect(await outcomeOf(work)).toBe('waits')
    writes.stored(['other', 'w1'])
    expect(await outcomeOf(work)).toBe('stored')
    writes.opened(at('e2'))
    expect(ids()).toEqual(['w1'])
  })

  test('that is given again waits for the same answer, and another one with its id is refused', async () => {
    const work = writes.store(write('w1'))
    const again = writes.store({ ...write('w1'), createdAt: 2 })
    const other = writes.store({ ...write('w1'), mutations: [{ kind: 'remove', collection: 'items', key: '2' }] })
    expect([await outcomeOf(other), ids()]).toEqual(['INVALID_ARGUMENT', ['w1']])
    writes.stored(['w1'])
    expect([await outcomeOf(work), await outcomeOf(again)]).toEqual(['stored', 'stored'])
  })

  test('may be acknowledged with its rows before the call is answered', async () => {
    const work = writes.store(write('w1'))
    writes.stored(['w1'])
    expect(await outcomeOf(work)).toBe('stored')
    sent[0]!.answer.resolve({ ok: false, error: { code: 'STORAGE_FAILED', message: 'late', retryable: true } })
    expect(await outcomeOf(work)).toBe('stored')
  })

  test('that is handed over again while it waits is the same one', async () => {
    const [one, other] = [writes.store(write('w1')), writes.store(write('w1'))]
    expect(ids()).toEqual(['w1'])
    writes.stored(['w1'])
    expect([await outcomeOf(one), await outcomeOf(other)]).toEqual(['stored', 'stored'])
  })

  test('that the engine refuses is rejected with the refusal, and not sent to another engine', async () => {
    const work = writes.store(write('w1'))
    sent[0]!.answer.resolve({ ok: false, error: { code: 'STORAGE_FAILED', message: 'full', retryable: true } })
    await expect(work).rejects.toMatchObject({ code: 'STORAGE_FAILED', message: 'full', retryable: true })
    writes.opened(at('e2'))
    expect(ids()).toEqual(['w1'])
  })

  test('whose call fails in an unknown way is rejected with a code', async () => {
    const work = writes.store(write('w1'))
    sent[0]!.answer.reject(new Error('odd'))
    await expect(work).rejects.toMatchObject({ code: 'STREAM_ERROR', message: 'odd' })
  })

  test('that is made again under its id does not get the late answer to the first one', async () => {
    const first = writes.store(write('w1'))
    writes.rejectAll(died)
    expect(await outcomeOf(first)).toBe('WORKER_DIED')
    const second = writes.store(write('w1'))
    sent[0]!.answer.resolve({ ok: false, error: { code: 'STORAGE_FAILED', message: 'full', retryable: true } })
    expect(await outcomeOf(second)).toBe('waits')
  })
})

describe('an engine that is lost', () => {
  test.each([
    ['before it has answered', (answer: Gate<Outcome<null>>) => { answer.reject(died) }],
    ['behind the seat, which says so', (answer: Gate<Outcome<null>>) => { answer.resolve({ ok: false, error: { code: 'WORKER_DIED', message: '', retryable: true } }) }],
    ['after it has answered', (answer: Gate<Outcome<null>>) => { answer.resolve({ ok: true, value: null }) }],
    ['without a word', () => undefined],
  ])('%s leaves its writes to the next session, in order', async (_, answer) => {
    const work = [writes.store(write('w1')), writes.store(write('w2'))]
    for (const each of sent.splice(0)) answer(each.answer)
    expect(await Promise.all(work.map(outcomeOf))).toEqual(['waits', 'waits'])
    writes.opened(at('e1'))
    expect(ids()).toEqual(['w1', 'w2'])
    writes.stored(['w1', 'w2'])
    expect(await Promise.all(work.map(outcomeOf))).toEqual(['stored', 'stored'])
  })

  test('within a session leaves its writes to the engine of the next epoch, once', async () => {
    const work = writes.store(write('w1'))
    sent[0]!.answer.resolve({ ok: true, value: null })
    for (const epoch of ['e1', '', 'e1']) writes.follow(at(epoch))
    expect(ids()).toEqual(['w1'])
    for (const epoch of ['', 'e2', 'e2']) writes.follow(at(epoch))
    expect(ids()).toEqual(['w1', 'w1'])
    writes.stored(['w1'])
    expect(await outcomeOf(work)).toBe('stored')
  })

  test('and found again leaves its writes to the next session with the same engine: that may have lost what the former one was to get', async () => {
    const work = writes.store(write('w1'))
    sent[0]!.answer.resolve({ ok: false, error: { code: 'WORKER_DIED', message: '', retryable: true } })
    await settled()
    writes.follow(at('e1', 1))
    expect(ids()).toEqual(['w1', 'w1'])
    writes.follow(at('e1', 1))
    expect(ids()).toEqual(['w1', 'w1'])
    writes.stored(['w1'])
    expect(await outcomeOf(work)).toBe('stored')
  })

  test('for good, as does close(), rejects all that wait', async () => {
    const work = [writes.store(write('w1')), writes.store(write('w2'))]
    writes.rejectAll(new SidestreamError('CLOSED', 'StreamDB closed'))
    expect(await Promise.all(work.map(outcomeOf))).toEqual(['CLOSED', 'CLOSED'])
    writes.opened(at('e2'))
    expect(ids()).toEqual(['w1', 'w2'])
  })
})

describe('without a session', () => {
  beforeEach(() => {
    isOpen = false
  })

  test('a write asks for one, and is sent with it', async () => {
    const work = writes.store(write('w1'))
    expect([ids(), wakes]).toEqual([[], 1])
    isOpen = true
    writes.opened(at('e2'))
    expect(ids()).toEqual(['w1'])
    writes.stored(['w1'])
    expect(await outcomeOf(work)).toBe('stored')
  })

  test('and when none can be opened, the write is rejected', async () => {
    const work = writes.store(write('w1'))
    opening.reject(new SidestreamError('WORKER_START_FAILED', 'no script'))
    expect(await outcomeOf(work)).toBe('WORKER_START_FAILED')
  })
})
