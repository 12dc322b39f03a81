import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RowData } from '../../src/shared/row.ts'
import type { OutboxEntry } from '../../src/worker/core/outbox.ts'
import { ClearedCacheError } from '../../src/worker/ports.ts'
import type { EntryGroup } from '../../src/worker/store/entry-groups.ts'
import { IdbOutbox, OUTBOX_FORMAT, OUTBOX_STEPS, type OutboxStep } from '../../src/worker/store/idb-outbox.ts'
import { ManualClock } from './manual-clock.ts'
import { change, done, entry, head } from './outbox-samples.ts'
import { deleteRaw, occupy, openRaw, putRawOutbox, readRaw } from './raw-idb.ts'

/** Long enough for every limit of the outbox. */
const LONG_MS = 60_000

/** A made-up next format, in which entries that are stored alone have an index and one more field. */
const toNext: OutboxStep = async (_, tx) => {
  const entries = tx.objectStore('entries')
  entries.createIndex('phase' as never, 'phase')
  for (const stored of await entries.getAll()) await entries.put({ ...stored, added: true } as never)
}

/** Values of a group that are no entries. */
const ODD: ReadonlyArray<readonly [unknown, unknown]> = [[4, JSON.stringify({ ...entry(4), phase: 'gone' })], [6, '{"number":6,'], [7, entry(7)], ['odd', '{}']]

const long = (number: number): OutboxEntry => entry(number, { id: 'long', text: 'x'.repeat(2000) })

const toNextButOne: OutboxStep = (_, tx) => {
  tx.objectStore('entries').deleteIndex('phase')
}

const failing: OutboxStep = async (db, tx) => {
  await tx.objectStore('entries').clear()
  db.deleteObjectStore('meta')
  throw new Error('the step failed')
}

/** What holds of the outbox in IndexedDB beyond the contract: what others and the browser may do to a database. */
export function testIdbOutbox(implementation: string): void {
  describe(`${implementation}: what others and the browser do to its database`, () => {
    let name: string
    let clock: ManualClock
    const opened: IdbOutbox[] = []
    beforeEach(() => {
      name = `idb:${implementation}:${String(Math.random())}`
      clock = new ManualClock()
    })
    afterEach(async () => {
      for (const outbox of opened.splice(0)) outbox.close()
      await deleteRaw(name)
    })
    const open = async (steps: ReadonlyArray<OutboxStep> = OUTBOX_STEPS): Promise<IdbOutbox> => {
      const outbox = await IdbOutbox.open(name, clock, steps)
      opened.push(outbox)
      return outbox
    }
    /** An outbox with a whole head, and an entry among others that nobody understands. */
    const filled = async (): Promise<IdbOutbox> => {
      const outbox = await open()
      await outbox.claim({ writer: 'writer', since: 1 }, 1)
      await outbox.commit(change([entry(1), long(3)], { recent: [done('a')] }))
      await putRawOutbox(name, { entries: [{ number: 2 }] })
      return outbox
    }
    const FILLED = { head: head(100), entries: [entry(1), long(3)], recent: [done('a')], unreadable: 1 }

    test('its format is the version of the database', async () => {
      await open()
      expect([OUTBOX_FORMAT, (await readRaw(name)).version]).toEqual([2, 2])
    })

    test('commits are on the disk when they have settled', async () => {
      const outbox = await open()
      await outbox.claim({ writer: 'writer', since: 1 }, 1)
      const durabilities: unknown[] = []
      const { transaction } = IDBDatabase.prototype
      IDBDatabase.prototype.transaction = function (stores, mode, options) {
        durabilities.push([mode, options?.durability])
        return transaction.call(this, stores, mode, options)
      }
      try {
        await outbox.commit(change([entry(1)]))
      } finally {
        IDBDatabase.prototype.transaction = transaction
      }
      expect(durabilities).toEqual([['readwrite', 'strict']])
    })

    test('is taken over from an earlier format with every entry', async () => {
      ;(await filled()).close()
      const next = await open([...OUTBOX_STEPS, toNext])
      const added = { added: true }
      expect(await next.read()).toEqual({ ...FILLED, entries: [entry(1), { ...long(3), ...added }] })
      next.close()
      expect(await readRaw(name)).toMatchObject({ version: 3, stores: { entries: [{ number: 2, ...added }, added] } })
    })

    test('is taken over from format 1, in which each entry had a record of its own', async () => {
      const all = [...Array.from({ length: 120 }, (_, index) => entry(index + 5)), long(125), entry(400)]
      // This makes the database of format 1, and rejects: only the present format can be opened.
      await expect(IdbOutbox.open(name, clock, OUTBOX_STEPS.slice(0, 1))).rejects.toThrow('is not an outbox')
      expect((await readRaw(name)).version).toBe(1)
      await putRawOutbox(name, { head: head(500), recent: ['a'], claim: { writer: 'former', since: 1 }, entries: [{ number: 7, odd: true } as never, ...all.filter(({ number }) => number !== 7)] })
      const outbox = await open()
      const left = { head: head(500), entries: all.filter(({ number }) => number !== 7), recent: [{ id: 'a', digest: null }], unreadable: 1 }
      expect(await outbox.read()).toEqual(left)
      const { version, stores } = await readRaw(name)
      expect([version, stores['entries'], stores['groups']!.length]).toEqual([2, [{ number: 7, odd: true }, long(125)], 4])
      await outbox.claim({ writer: 'writer', since: 2 }, 2)
      const parked = { ...entry(60), phase: 'parked' as const }
      await outbox.commit(change([parked, entry(401)], { head: head(500), remove: [5, 6, 125, 400] }))
      expect((await (await open()).read())!.entries).toEqual([...left.entries.filter(({ number }) => number > 6 && number < 125).map((each) => (each.number === 60 ? parked : each)), entry(401)])
    })

    test('keeps entries exactly, also those that JSON would change', async () => {
      const outbox = await open()
      await outbox.claim({ writer: 'writer', since: 1 }, 1)
      const values: RowData[] = [{ id: 'a', none: undefined }, { id: 'b', zero: -0 }, { id: 'c', nan: NaN }, { id: 'd', list: Object.assign(new Array<number>(2), { 1: 1 }) }, { id: 'e', list: Object.assign([1], { more: 1 }) }]
      values.push({ id: 'f', map: new Map([[1, 2]]) }, { id: 'g', at: new Date(7) }, { id: 'h', text: '\ud800 "\\\u0000', deep: [[{}], null, 1e300, true] })
      const all = values.map((value, index) => ({ ...entry(index + 1, value), phase: 'parked' as const, attempts: 2, error: { code: 'CLOSED' as const, message: 'no', retryable: false } }))
      await outbox.commit(change(all))
      expect((await outbox.read())!.entries).toStrictEqual(all)
      expect((await readRaw(name)).stores).toMatchObject({ entries: { length: 7 }, groups: { length: 1 } })
    })

    test('stores short entries together, and each long one alone', async () => {
      const outbox = await open()
      await outbox.claim({ writer: 'writer', since: 1 }, 1)
      const stored = async (): Promise<unknown> => {
        const { entries, groups } = (await readRaw(name)).stores
        return [(entries as OutboxEntry[]).map(({ number }) => number), (groups as EntryGroup[]).map((group) => [...group.entries.keys()])]
      }
      for (const each of [entry(49), long(50), entry(51)]) await outbox.commit(change([each]))
      await outbox.commit(change([entry(48), entry(101), entry(52)]))
      expect(await stored()).toEqual([[50], [[49, 48], [51, 52], [101]]])
      await outbox.commit(change([], { remove: [49, 50, 51, 101, 102] }))
      expect(await stored()).toEqual([[], [[48], [52]]])
      await outbox.commit(change([entry(3), long(4), entry(52)], { replace: true, remove: [52] }))
      expect(await stored()).toEqual([[4], [[3]]])
    })

    test('keeps values of a group that are no entries, and records that are no groups', async () => {
      const outbox = await filled()
      await putRawOutbox(name, { groups: [{ group: 0, entries: new Map<unknown, unknown>([[1, JSON.stringify(entry(1))], ...ODD]) }, { group: 1 }, { group: 2, entries: 'odd' }, { group: 'odd', entries: [] }] })
      const odd = async (): Promise<unknown> => (await readRaw(name)).stores['groups']
      const others = [{ group: 1 }, { group: 2, entries: 'odd' }, { group: 'odd', entries: [] }]
      expect(await outbox.read()).toEqual({ ...FILLED, unreadable: 8 })
      await outbox.commit(change([entry(5), entry(60)], { remove: [1] }))
      expect(await outbox.read()).toEqual({ ...FILLED, entries: [long(3), entry(5), entry(60)], unreadable: 8 })
      await outbox.commit(change([entry(61)], { replace: true }))
      expect(await outbox.read()).toEqual({ ...FILLED, entries: [entry(61)], unreadable: 8 })
      expect(await odd()).toEqual([{ group: 0, entries: new Map(ODD) }, ...others])
      await outbox.commit(change([], { remove: [61] }))
      expect(await outbox.read()).toEqual({ ...FILLED, entries: [], unreadable: 8 })
    })

    test('takes all steps in order, also for an outbox that is new', async () => {
      const taken: number[] = []
      const counted = [...OUTBOX_STEPS, toNext, toNextButOne].map((step, index): OutboxStep => async (db, tx) => {
        await step(db, tx)
        taken.push(index)
      })
      await open(counted)
      expect(taken).toEqual([0, 1, 2, 3])
    })

    test('is as it was when a step fails, and can be opened in its format', async () => {
      ;(await filled()).close()
      await expect(open([...OUTBOX_STEPS, toNext, failing])).rejects.toThrow('the step failed')
      expect((await readRaw(name)).version).toBe(2)
      expect(await (await open()).read()).toEqual(FILLED)
    })

    test('makes way for a newer version, and is not deleted by it', async () => {
      const outbox = await filled()
      const next = await open([...OUTBOX_STEPS, toNext])
      const reason = await outbox.lost
      expect(reason).not.toBeInstanceOf(ClearedCacheError)
      expect(reason.message).toContain('newer version')
      await expect(outbox.read()).rejects.toBe(reason)
      expect((await next.read())!.entries.length).toBe(2)
    })

    test('does not open an outbox of a newer version, and leaves it as it is', async () => {
      ;(await filled()).close()
      ;(await open([...OUTBOX_STEPS, toNext])).close()
      const before = await readRaw(name)
      await expect(open()).rejects.toThrow('the outbox is of a newer version')
      expect(clock.pending).toBe(0)
      expect(await readRaw(name)).toEqual(before)
    })

    test.each([
      ['its own format', OUTBOX_STEPS],
      ['an earlier format', [...OUTBOX_STEPS, toNext]],
    ])('does not open a database of another program whose version is that of %s, and leaves it as it is', async (_, steps) => {
      const foreign = await openRaw(name, OUTBOX_FORMAT, (db) => db.createObjectStore('something').put('theirs', 1))
      foreign.close()
      await expect(open(steps)).rejects.toThrow('is not an outbox')
      expect(await readRaw(name)).toEqual({ version: OUTBOX_FORMAT, stores: { something: ['theirs'] } })
      expect(await deleteRaw(name)).toEqual({ wasBlocked: false })
    })

    test('stands aside when somebody deletes it', async () => {
      const outbox = await filled()
      expect(await deleteRaw(name)).toEqual({ wasBlocked: false })
      const reason = await outbox.lost
      expect(reason).toBeInstanceOf(ClearedCacheError)
      expect(reason.message).toBe('the outbox was deleted')
      await expect(outbox.read()).rejects.toBe(reason)
      await expect(outbox.commit(change([entry(4)]))).rejects.toBe(reason)
      expect(await (await open()).read()).toBeNull()
    })

    test('gives up an open that is blocked', async () => {
      ;(await open()).close()
      const stubborn = await openRaw(name)
      const deletion = deleteRaw(name)
      const opening = open()
      clock.advance(LONG_MS)
      await expect(opening).rejects.toThrow('did not open in time')
      stubborn.close()
      await deletion
    })

    test('gives up a claim, a read and a commit that do not settle', async () => {
      const outbox = await filled()
      const release = await occupy(name)
      const calls = [outbox.claim({ writer: 'writer', since: 2 }, 2), outbox.read(), outbox.commit(change([entry(4)]))]
      const outcomes = Promise.allSettled(calls)
      clock.advance(LONG_MS)
      expect((await outcomes).map((outcome) => (outcome as PromiseRejectedResult).reason as unknown)).toEqual(calls.map(() => new Error('IndexedDB did not answer in time')))
      await release()
      expect((await outbox.read())!.entries.length).toBeGreaterThanOrEqual(2)
      expect(clock.pending).toBe(0)
    })

    test('rejects with the reason of the transaction when the browser aborts it', async () => {
      const outbox = await filled()
      const { transaction } = IDBDatabase.prototype
      IDBDatabase.prototype.transaction = function (...args) {
        const tx = transaction.apply(this, args)
        // What a browser does when the quota is exceeded at the end of a transaction: no request fails.
        const objectStore = tx.objectStore.bind(tx)
        tx.objectStore = (store) => {
          const found = objectStore(store)
          const put = found.put.bind(found)
          found.put = (value: unknown, ...key) => {
            const request = put(value, ...key)
            if (key[0] === 'head') {
              request.addEventListener('success', () => {
                Object.defineProperty(tx, 'error', { value: new DOMException('full', 'QuotaExceededError') })
                tx.abort()
              })
            }
            return request
          }
          return found
        }
        return tx
      }
      try {
        await expect(outbox.commit(change([entry(4)], { remove: [1], recent: [] }))).rejects.toMatchObject({ name: 'QuotaExceededError' })
      } finally {
        IDBDatabase.prototype.transaction = transaction
      }
      expect(await outbox.read()).toEqual(FILLED)
      await outbox.commit(change([entry(4)]))
      expect((await outbox.read())!.entries.length).toBe(3)
    })

    test('rejects what is under way when it is closed', async () => {
      const outbox = await filled()
      const release = await occupy(name)
      const committing = outbox.commit(change([entry(4)]))
      outbox.close()
      await expect(committing).rejects.toThrow('the outbox is closed')
      await release()
    })

    test('goes on with a claim that cannot be understood', async () => {
      const outbox = await filled()
      await putRawOutbox(name, { claim: { writer: 7 } })
      await expect(outbox.commit(change([entry(4)]))).rejects.toThrow('another writer')
      await outbox.claim({ writer: 'writer', since: 0 }, 0)
      await outbox.commit(change([entry(4)]))
      expect((await outbox.read())!.entries.length).toBe(3)
    })

    test('keeps what has a number that is no number', async () => {
      const outbox = await filled()
      await putRawOutbox(name, { entries: [{ number: 'three' as never }] })
      await outbox.commit(change([entry(4)], { replace: true }))
      expect(await outbox.read()).toMatchObject({ entries: [entry(4)], unreadable: 2 })
    })
  })
}
