import { expect, test } from 'vitest'
import type { StreamBatch } from '../../src/shared/batch.ts'
import { Journal } from '../../src/worker/engine/journal.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { itemEvents } from '../support/schema.ts'

const batchOf = (items: ReadonlyArray<unknown>, offset = '1'): StreamBatch => ({ items, offset, upToDate: true, streamClosed: false })

test('keeps events only while somebody looks, and the last ones of many', () => {
  const time = new ManualClock()
  const journal = new Journal(time)
  journal.take(batchOf(itemEvents(3)), [])
  expect(journal.look().events).toEqual([])
  journal.take(batchOf([...itemEvents(300), { headers: { control: 'reset' } }, 'no event'], '2'), [])
  const { events } = journal.look()
  expect(events.length).toBe(100)
  expect(events.at(-3)).toMatchObject({ number: 299, offset: '2', kind: 'change', operation: 'insert', type: 'item', key: 'i000299' })
  expect(events.slice(-2).map(({ kind, operation }) => [kind, operation])).toEqual([['control', 'reset'], ['malformed', 'the event is not an object']])
  time.advance(4000)
  journal.look()
  time.advance(4000)
  expect(journal.look().events.length).toBe(100)
  time.advance(6000)
  journal.take(batchOf(itemEvents(1), '3'), [])
  expect(journal.look().events).toEqual([])
  expect(time.pending).toBe(1)
  journal.close()
  expect(time.pending).toBe(0)
  expect(journal.look().events).toEqual([])
  expect(time.pending).toBe(0)
})

test('keeps the beginnings of the last quarantined events, also while nobody looks', () => {
  const journal = new Journal(new ManualClock())
  const invalid = Array.from({ length: 30 }, (_, n) => ({ code: 'REFUSED' as const, reason: 'r'.repeat(1000), offset: '1', event: { n, text: 'x'.repeat(100_000) } }))
  journal.take(batchOf([], '7'), invalid)
  const { quarantined } = journal.look()
  expect(quarantined.length).toBe(20)
  expect(quarantined.at(-1)!.text.startsWith('{"n":29,"text":"xxx')).toBe(true)
  expect(quarantined.every(({ text, reason, offset }) => text.length <= 2001 && reason.length <= 301 && offset === '7')).toBe(true)
})

test('keeps the last changes of the connection', () => {
  const journal = new Journal(new ManualClock())
  for (let times = 0; times < 100; times += 1) journal.connection(times % 2 === 0 ? 'live' : 'offline', null, null)
  journal.connection('paused', 'hidden', null)
  const { connections } = journal.look()
  expect(connections.length).toBe(60)
  expect(connections.at(-1)).toMatchObject({ state: 'paused', why: 'hidden' })
})
