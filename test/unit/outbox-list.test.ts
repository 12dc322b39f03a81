import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { Remote } from '../../src/main/connect.ts'
import { askOutbox } from '../../src/main/outbox-calls.ts'
import { OutboxList } from '../../src/main/outbox-list.ts'
import type { EngineContract, Outcome } from '../../src/shared/calls.ts'
import type { ErrorData } from '../../src/shared/errors.ts'
import type { OutboxNews, PendingWrite } from '../../src/shared/write.ts'
import { settled } from './scripted-tab.ts'

let list: OutboxList
let reports: ErrorData[]
let rejected: PendingWrite[]
let onRejected: (write: PendingWrite) => unknown
let calls: string[]
let answer: Outcome<boolean>

const engine = {
  retryWrite: (id: string) => (calls.push(`retry ${id}`), Promise.resolve(answer)),
  discardWrite: (id: string) => (calls.push(`discard ${id}`), Promise.resolve(answer)),
} as unknown as Remote<EngineContract>

beforeEach(() => {
  reports = []
  rejected = []
  calls = []
  answer = { ok: true, value: true }
  onRejected = (write) => rejected.push(write)
  list = new OutboxList({ ask: (id, name) => askOutbox((ask) => ask(engine), id, name), onRejected: (write) => onRejected(write), report: (error) => reports.push(error) })
})

const pending = (id: string): PendingWrite => ({ id, mutations: [{ kind: 'remove', collection: 'items', key: '1' }], createdAt: 1, state: 'stored', attempts: 0, error: null })
const news = (change: Partial<OutboxNews>): OutboxNews => ({ reset: false, added: [], changed: [], removed: [], rejected: [], ...change })
const ids = (): string[] => list.getSnapshot().map(({ id }) => id)

describe('the list of pending writes', () => {
  test('follows the news, in order, and is the same array until it changes', () => {
    const empty = list.getSnapshot()
    list.apply(news({ reset: true }))
    expect(list.getSnapshot()).toBe(empty)
    list.apply(news({ added: [pending('a'), pending('b'), pending('c')] }))
    const first = list.getSnapshot()
    expect(ids()).toEqual(['a', 'b', 'c'])
    expect(list.getSnapshot()).toBe(first)
    list.apply(news({ changed: [{ id: 'b', state: 'sent', attempts: 1, error: null }, { id: 'none', state: 'sent', attempts: 1, error: null }], removed: ['a', 'none'] }))
    expect(list.getSnapshot()).toEqual([{ ...pending('b'), state: 'sent', attempts: 1 }, pending('c')])
    expect(first.map(({ state }) => state)).toEqual(['stored', 'stored', 'stored'])
    list.apply(news({ reset: true, added: [pending('c'), pending('d')] }))
    expect(ids()).toEqual(['c', 'd'])
    expect(list.getServerSnapshot()).toEqual([])
    expect(list.getServerSnapshot()).toBe(list.getServerSnapshot())
  })

  test('tells its listeners of changes only', () => {
    const seen: number[] = []
    const stop = list.subscribe(() => seen.push(list.getSnapshot().length))
    list.apply(news({ added: [pending('a')] }))
    list.apply(news({}))
    list.apply(news({ removed: ['none'], changed: [{ id: 'none', state: 'sent', attempts: 1, error: null }] }))
    list.apply(news({ reset: true }))
    stop()
    list.apply(news({ added: [pending('b')] }))
    expect(seen).toEqual([1, 0])
  })

  test('is a store that tells its subscriber at once, then of each change', () => {
    const seen: number[] = []
    const stop = list.store.subscribe((writes) => seen.push(writes.length))
    list.apply(news({ added: [pending('a')] }))
    stop()
    list.apply(news({ added: [pending('b')] }))
    expect(seen).toEqual([0, 1])
  })

  test('reports a listener that throws, and tells the others', () => {
    const other = vi.fn()
    list.subscribe(() => { throw new Error('mine') })
    list.subscribe(other)
    list.apply(news({ added: [pending('a')] }))
    expect(other).toHaveBeenCalledOnce()
    expect(reports).toEqual([{ code: 'HOOK_FAILED', message: 'an outbox listener threw: mine', retryable: false }])
  })

  test('is copied only when it is read, however much news there is', () => {
    list.apply(news({ added: Array.from({ length: 10_000 }, (_, n) => pending(String(n))) }))
    const before = performance.now()
    for (let n = 0; n < 10_000; n += 1) list.apply(news({ changed: [{ id: String(n), state: 'sent', attempts: 1, error: null }] }))
    // A copy for each piece of news takes seconds.
    expect(performance.now() - before).toBeLessThan(1000)
    expect(list.getSnapshot().every(({ state }) => state === 'sent')).toBe(true)
  })
})

describe('a refused write', () => {
  const refusal: ErrorData = { code: 'STREAM_ERROR', message: 'no', retryable: false, status: 400 }
  const refused = news({ changed: [{ id: 'a', state: 'parked', attempts: 1, error: refusal }], rejected: ['a', 'none'] })
  beforeEach(() => {
    list.apply(news({ added: [pending('a')] }))
  })

  test('is handed to onRejected, as it is in the list', () => {
    onRejected = (write) => {
      expect(list.getSnapshot()).toEqual([write])
      rejected.push(write)
    }
    list.apply(refused)
    expect(rejected).toEqual([{ ...pending('a'), state: 'parked', attempts: 1, error: refusal }])
    expect(reports).toEqual([])
  })

  test.each([
    ['throws', () => { throw new Error('mine') }],
    ['rejects', () => Promise.reject(new Error('mine'))],
  ])('is reported when onRejected %s', async (_, hook) => {
    onRejected = hook
    list.apply(refused)
    await settled()
    expect(reports).toEqual([{ code: 'HOOK_FAILED', message: 'onRejected threw: mine', retryable: false }])
  })

  test('may be sent again or given up; false says that there is no such write', async () => {
    expect(await list.retry('a')).toBe(true)
    answer = { ok: true, value: false }
    expect(await list.discard('b')).toBe(false)
    expect(calls).toEqual(['retry a', 'discard b'])
    answer = { ok: false, error: { code: 'STORAGE_FAILED', message: 'full', retryable: true } }
    await expect(list.retry('a')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect(list.discard(5 as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(calls.length).toBe(3)
  })
})
