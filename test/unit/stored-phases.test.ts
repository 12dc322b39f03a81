import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { OutboxEntry } from '../../src/worker/core/outbox.ts'
import { isToldByHead, storedHead, toldByHead } from '../../src/worker/core/stored-phases.ts'
import { isOutboxHead } from '../../src/worker/store/stored-guards.ts'
import { entry, head } from '../contract/outbox-samples.ts'

const entries = fc
  .uniqueArray(
    fc.record({
      number: fc.integer({ min: 1, max: 30 }),
      phase: fc.constantFrom<OutboxEntry['phase']>('stored', 'sent', 'confirmed', 'parked'),
      offset: fc.constantFrom(null, '0_1', '0_2'),
    }),
    { selector: ({ number }) => number },
  )
  .map((all) => all.sort((a, b) => a.number - b.number).map(({ number, phase, offset }): OutboxEntry => ({ ...entry(number), phase, offset: phase === 'confirmed' ? offset : null })))

const headOf = (all: ReadonlyArray<OutboxEntry>) => ({ ...head(31), request: { ...head(31).request!, numbers: all.filter(({ phase }) => phase === 'sent').map(({ number }) => number) } })

test('what the stored head says of entries is not stored again with them', () => {
  fc.assert(
    fc.property(entries, (all) => {
      const stored = all.map((each): OutboxEntry => (isToldByHead(each) ? { ...each, phase: 'stored', offset: null } : each))
      const told = structuredClone(storedHead(headOf(all), all))
      expect(isOutboxHead(told)).toBe(true)
      expect(toldByHead(told, stored)).toEqual(all)
      // After a commit that replaces everything, the entries say it as well.
      expect(toldByHead(told, all)).toEqual(all)
    }),
  )
})

test('a head without runs says nothing about confirmed entries', () => {
  const all: OutboxEntry[] = [{ ...entry(7), phase: 'confirmed', offset: '0_9' }, entry(8)]
  expect(toldByHead({ ...head(9), request: null }, all)).toEqual(all)
})

test('a head whose runs cannot be understood is no head', () => {
  for (const confirmed of [null, {}, [null], [{ first: 0, last: 1, offset: null }], [{ first: 1, last: 1 }]]) expect(isOutboxHead({ ...head(9), confirmed })).toBe(false)
})
