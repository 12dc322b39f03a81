import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { OutboxNews, PendingWrite } from '../../src/shared/write.ts'
import { NO_OUTBOX_NEWS } from '../../src/shared/write.ts'
import { pendingOf, type OutboxEntry } from '../../src/worker/core/outbox.ts'
import { PendingList } from '../../src/worker/writes/pending-list.ts'
import { OutboxQueue } from '../../src/worker/tabs/outbox-queue.ts'

const entry = (number: number, phase: OutboxEntry['phase'] = 'stored', rest: Partial<OutboxEntry> = {}): OutboxEntry => ({
  number,
  phase,
  write: { id: `w${String(number)}`, createdAt: 0, mutations: [{ kind: 'remove', collection: 'items', key: 'a' }] },
  attempts: 0,
  error: null,
  offset: null,
  ...rest,
})

/** A tab's list, as the news make it. */
class Listed {
  readonly #writes = new Map<string, PendingWrite>()

  get writes(): PendingWrite[] {
    return [...this.#writes.values()]
  }

  take({ reset, added, changed, removed }: OutboxNews): void {
    if (reset) this.#writes.clear()
    for (const write of added) this.#writes.set(write.id, write)
    for (const progress of changed) this.#writes.set(progress.id, { ...this.#writes.get(progress.id)!, ...progress })
    for (const id of removed) this.#writes.delete(id)
  }
}

describe('the list of pending writes', () => {
  test('is told again as a whole when a write becomes known after a later one', () => {
    let resets = 0
    const list = new PendingList({ onNews: () => undefined, onReset: () => void (resets += 1) })
    list.note([entry(2), entry(3)])
    list.note([entry(3, 'sent'), entry(4)])
    expect(resets).toBe(0)
    list.note([entry(1)])
    expect(resets).toBe(1)
  })

  test('counts, and tells what has changed once', () => {
    const told: OutboxNews[] = []
    const list = new PendingList({ onNews: (news) => told.push(news), onReset: () => undefined })
    list.note([entry(1), entry(2)])
    list.note([entry(1)])
    list.note([entry(1, 'sent')])
    expect({ pending: list.pending, parked: list.parked }).toEqual({ pending: 2, parked: 0 })
    list.note([entry(1, 'parked', { error: { code: 'STREAM_ERROR', message: 'no', retryable: false } }), entry(2, 'confirmed')])
    expect({ pending: list.pending, parked: list.parked }).toEqual({ pending: 0, parked: 1 })
    list.drop([1, 2, 9])
    expect({ pending: list.pending, parked: list.parked }).toEqual({ pending: 0, parked: 0 })
    expect(told.map(({ added, changed, removed, rejected }) => [added.length, changed.length, removed, rejected])).toEqual([
      [2, 0, [], []],
      [0, 1, [], []],
      [0, 1, ['w2'], ['w1']],
      [0, 0, ['w1'], []],
    ])
  })

  test('reaches a tab whole and in order, whenever the tab takes its messages', { timeout: 30_000 }, () => {
    const phase = fc.constantFrom<OutboxEntry['phase']>('stored', 'sent', 'parked', 'confirmed')
    const step = fc.oneof(
      fc.record({ kind: fc.constant('note' as const), number: fc.integer({ min: 1, max: 6 }), phase }),
      fc.record({ kind: fc.constant('add' as const), count: fc.constantFrom(1, 2, 3, 600) }),
      fc.record({ kind: fc.constant('drop' as const), number: fc.integer({ min: 1, max: 6 }) }),
      fc.record({ kind: fc.constantFrom('take' as const, 'reset' as const) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const queue = new OutboxQueue()
        const entries = new Map<number, OutboxEntry>()
        const listed = (): PendingWrite[] => [...entries.values()].flatMap((each) => (list.has(each) ? (pendingOf(each) ?? []) : []))
        const list: PendingList = new PendingList({
          onNews: (news) => {
            queue.add(news)
          },
          onReset: () => {
            queue.add({ ...NO_OUTBOX_NEWS, reset: true, added: listed() })
          },
        })
        const tab = new Listed()
        let last = 0
        for (const one of steps) {
          switch (one.kind) {
            case 'add':
              for (let index = 0; index < one.count; index += 1) entries.set((last += 1), entry(last))
              list.note([...entries.values()])
              break
            case 'note': {
              const known = entries.get(one.number)
              if (!known || known.phase === 'confirmed') break
              entries.set(one.number, { ...known, phase: one.phase, attempts: known.attempts + 1 })
              list.note([entries.get(one.number)!])
              break
            }
            case 'drop':
              entries.delete(one.number)
              list.drop([one.number])
              break
            case 'reset':
              list.reset(entries.values())
              break
            case 'take':
              tab.take(queue.take())
          }
        }
        while (!queue.isEmpty) tab.take(queue.take())
        const expected = [...entries.values()].flatMap((each) => pendingOf(each) ?? [])
        expect(tab.writes).toEqual(expected)
        expect({ pending: list.pending, parked: list.parked }).toEqual({
          pending: expected.filter(({ state }) => state !== 'parked').length,
          parked: expected.filter(({ state }) => state === 'parked').length,
        })
      }),
      { numRuns: 40 },
    )
  })

  test('that begins anew forgets what was not told', () => {
    const queue = new OutboxQueue()
    queue.add({ ...NO_OUTBOX_NEWS, removed: ['gone'] })
    queue.add({ ...NO_OUTBOX_NEWS, reset: true })
    expect(queue.take()).toEqual({ ...NO_OUTBOX_NEWS, reset: true })
    expect(queue.isEmpty).toBe(true)
  })
})
