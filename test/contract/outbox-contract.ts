import { afterEach, describe, expect, test } from 'vitest'
import type { RowData } from '../../src/shared/row.ts'
import type { OutboxEntry } from '../../src/worker/core/outbox.ts'
import { LostCacheError, type OutboxStore, UnreadableCacheError } from '../../src/worker/ports.ts'
import { change, done, entry, GARBAGE_ENTRIES, GARBAGE_HEADS, head } from './outbox-samples.ts'
import type { RawOutbox } from './raw-idb.ts'

/** An implementation of `OutboxStore`, as the contract meets it. */
export interface OutboxFixture {
  /** Opens an outbox on the medium of that name, which outlives it. */
  open(name: string): Promise<OutboxStore>
  /** Writes into the medium of that name, which was opened before. */
  putRaw(name: string, raw: RawOutbox): Promise<void>
}

interface Case {
  /** Opens the case's own medium, with a new handle each time. */
  open(): Promise<OutboxStore>
  openOther(): Promise<OutboxStore>
  putRaw(raw: RawOutbox): Promise<void>
}

const WRITER = { writer: 'writer', since: 1 }

async function claimed(open: () => Promise<OutboxStore>): Promise<OutboxStore> {
  const outbox = await open()
  await outbox.claim(WRITER, 1)
  return outbox
}

const numbers = async (outbox: OutboxStore): Promise<number[]> => (await outbox.read())!.entries.map(({ number }) => number)
const unclonable = (number: number): OutboxEntry => entry(number, { id: 'f', call: () => undefined })

export const OUTBOX_CONTRACT: Readonly<Record<string, (given: Case) => Promise<void>>> = {
  'has nothing at first': async ({ open }) => {
    expect(await (await open()).read()).toBeNull()
  },

  'has nothing when it was only claimed': async ({ open }) => {
    expect(await (await claimed(open)).read()).toBeNull()
  },

  'keeps what was committed, in order of number': async ({ open }) => {
    const outbox = await claimed(open)
    await outbox.commit(change([entry(10), entry(2), entry(100)], { recent: [done('a'), done('b')] }))
    await outbox.commit(change([entry(9), entry(1)]))
    expect(await outbox.read()).toEqual({ head: head(100), entries: [1, 2, 9, 10, 100].map((number) => entry(number)), recent: [done('a'), done('b')], unreadable: 0 })
  },

  'keeps an outbox without entries': async ({ open }) => {
    const outbox = await claimed(open)
    const bare = { nextNumber: 1, producer: { id: '', epoch: 0, seq: 0 }, request: null }
    await outbox.commit(change([], { head: bare }))
    expect(await outbox.read()).toEqual({ head: bare, entries: [], recent: [], unreadable: 0 })
  },

  'keeps entries in every phase, with every mutation': async ({ open }) => {
    const outbox = await claimed(open)
    const mutations: OutboxEntry['write']['mutations'] = [
      { kind: 'put', collection: 'items', key: 'a', value: { id: 'a' }, operation: 'insert', extra: { headers: { by: 'me', n: 1 }, oldValue: { id: 'a', old: true } } },
      { kind: 'patch', collection: 'items', key: 'b', changes: { name: undefined } },
      { kind: 'remove', collection: 'others', key: '' },
    ]
    const entries: OutboxEntry[] = [
      { ...entry(1), phase: 'confirmed', offset: '0_9', attempts: 2 },
      { ...entry(2), phase: 'confirmed', offset: null },
      { ...entry(3), phase: 'parked', error: { code: 'STREAM_ERROR', message: 'refused', retryable: false, status: 409 } },
      { ...entry(4), phase: 'sent', error: { code: 'OFFLINE', message: '', retryable: true, status: undefined } },
      { ...entry(5), write: { id: 'w', mutations, createdAt: -1 } },
    ]
    await outbox.commit(change(entries))
    expect((await outbox.read())!.entries).toEqual(entries)
  },

  'overwrites an entry of the same number': async ({ open }) => {
    const outbox = await claimed(open)
    await outbox.commit(change([entry(1), entry(2)]))
    await outbox.commit(change([{ ...entry(1), phase: 'sent' }]))
    expect((await outbox.read())!.entries).toEqual([{ ...entry(1), phase: 'sent' }, entry(2)])
  },

  'keeps only the last head': async ({ open }) => {
    const outbox = await claimed(open)
    await outbox.commit(change([]))
    await outbox.commit(change([], { head: { ...head(101), request: null } }))
    expect((await outbox.read())!.head).toEqual({ ...head(101), request: null })
  },

  'removes entries, and no others': async ({ open }) => {
    const outbox = await claimed(open)
    await outbox.commit(change([1, 2, 3, 4, 5, 6, 7, 8, 9].map((number) => entry(number))))
    await outbox.commit(change([entry(10)], { remove: [7, 3, 2, 99, 4, 4, 9, 12] }))
    expect(await numbers(outbox)).toEqual([1, 5, 6, 8, 10])
    await outbox.commit(change([], { remove: [1] }))
    expect(await numbers(outbox)).toEqual([5, 6, 8, 10])
  },

  'removes an entry that is put by the same commit': async ({ open }) => {
    const outbox = await claimed(open)
    await outbox.commit(change([entry(1), entry(2)], { remove: [1] }))
    expect(await numbers(outbox)).toEqual([2])
  },

  'replaces everything': async ({ open }) => {
    const outbox = await claimed(open)
    await outbox.commit(change([entry(1), entry(2), entry(3), entry(7)], { recent: [done('a')] }))
    await outbox.commit(change([entry(2, { id: 'new' }), entry(4)], { replace: true, recent: [] }))
    expect(await outbox.read()).toEqual({ head: head(100), entries: [entry(2, { id: 'new' }), entry(4)], recent: [], unreadable: 0 })
  },

  'replaces everything with nothing': async ({ open }) => {
    const outbox = await claimed(open)
    await outbox.commit(change([entry(1), entry(2)]))
    await outbox.commit(change([], { replace: true }))
    expect(await numbers(outbox)).toEqual([])
  },

  'keeps the recent ids unless others come along': async ({ open }) => {
    const outbox = await claimed(open)
    await outbox.commit(change([], { recent: [done('a'), done('b')] }))
    await outbox.commit(change([entry(1)]))
    await outbox.commit(change([], { replace: true }))
    expect((await outbox.read())!.recent).toEqual([done('a'), done('b')])
    await outbox.commit(change([], { recent: [done('b'), done('c')] }))
    expect((await outbox.read())!.recent).toEqual([done('b'), done('c')])
  },

  'keeps unusual data as it is': async ({ open }) => {
    const outbox = await claimed(open)
    const row = JSON.parse('{"id":"proto","__proto__":{"polluted":true},"constructor":"c","hasOwnProperty":1}') as RowData
    const rows: RowData[] = [
      row,
      { id: '', '': '', nested: { list: [[], [{ deep: [null, true, -0.5, 1e300] }]] }, none: undefined },
      { id: 'ключ 🗝️ \u0000 \ud800', text: '\u2028\uffff"\\', when: new Date(7), big: 2n ** 70n },
    ]
    await outbox.commit(change(rows.map((value, index) => entry(index + 1, value)), { recent: [done(''), done('__proto__'), done('\ud800')] }))
    const { entries, recent } = (await outbox.read())!
    expect(entries).toStrictEqual(rows.map((value, index) => entry(index + 1, value)))
    const [proto, bare] = entries.map(({ write }) => (write.mutations[0] as { value: RowData }).value)
    expect(Object.keys(proto!)).toEqual(Object.keys(row))
    expect(Object.getPrototypeOf(proto)).toBe(Object.prototype)
    expect(Object.keys(bare!)).toContain('none')
    expect(recent).toEqual([done(''), done('__proto__'), done('\ud800')])
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  },

  'keeps a row of a megabyte': async ({ open }) => {
    const outbox = await claimed(open)
    const text = 'äx'.repeat(500_000)
    await outbox.commit(change([entry(1, { id: 'big', text })]))
    expect((await outbox.read())!.entries).toEqual([entry(1, { id: 'big', text })])
  },

  'keeps thousands of entries': async ({ open }) => {
    const outbox = await claimed(open)
    const all = Array.from({ length: 2500 }, (_, index) => entry(index + 1))
    await outbox.commit(change(all))
    expect((await outbox.read())!.entries).toEqual(all)
    await outbox.commit(change([], { remove: all.slice(0, 2400).map(({ number }) => number) }))
    expect((await outbox.read())!.entries).toEqual(all.slice(2400))
    await outbox.commit(change(all))
    await outbox.commit(change([entry(2501)], { replace: true }))
    expect(await numbers(outbox)).toEqual([2501])
  },

  'does not share its data with its caller': async ({ open }) => {
    const outbox = await claimed(open)
    const value: Record<string, unknown> = { id: 'a', list: [1] }
    await outbox.commit(change([entry(1, value)]))
    ;(value['list'] as number[]).push(2)
    ;(((await outbox.read())!.entries[0]!.write.mutations[0] as { value: Record<string, unknown> }).value)['id'] = 'changed'
    expect((await outbox.read())!.entries).toEqual([entry(1, { id: 'a', list: [1] })])
  },

  'refuses a commit of another writer, and writes nothing of it': async ({ open }) => {
    const outbox = await claimed(open)
    await outbox.commit(change([entry(1), entry(2)], { recent: [done('a')] }))
    const before = await outbox.read()
    const fenced = change([entry(1, { id: 'x' }), entry(3)], { remove: [2], replace: true, recent: [], head: head(7), expectedWriter: 'somebody else' })
    await expect(outbox.commit(fenced)).rejects.toBeInstanceOf(LostCacheError)
    expect(await outbox.read()).toEqual(before)
  },

  'refuses a commit where nobody has claimed': async ({ open }) => {
    const outbox = await open()
    await expect(outbox.commit(change([entry(1)]))).rejects.toBeInstanceOf(LostCacheError)
    expect(await outbox.read()).toBeNull()
  },

  'fences one handle out by another, which goes on with its entries': async ({ open }) => {
    const [first, second] = [await claimed(open), await open()]
    await first.commit(change([entry(1)]))
    await second.claim({ writer: 'second', since: 2 }, 2)
    await expect(first.commit(change([entry(2)]))).rejects.toBeInstanceOf(LostCacheError)
    await second.commit(change([entry(3)], { expectedWriter: 'second' }))
    expect(await numbers(first)).toEqual([1, 3])
  },

  'refuses an outdated claim, and keeps the newer one': async ({ open }) => {
    const [first, second] = [await open(), await open()]
    await second.claim({ writer: 'second', since: 5 }, 5)
    await expect(first.claim({ writer: 'first', since: 4 }, 6)).rejects.toBeInstanceOf(LostCacheError)
    await second.commit(change([entry(1)], { expectedWriter: 'second' }))
    await expect(first.commit(change([entry(2)], { expectedWriter: 'first' }))).rejects.toBeInstanceOf(LostCacheError)
    expect(await numbers(first)).toEqual([1])
  },

  'takes an earlier claim when the stored one is of the future': async ({ open }) => {
    const [first, second] = [await open(), await open()]
    await second.claim({ writer: 'second', since: 500 }, 500)
    await first.claim({ writer: 'first', since: 4 }, 6)
    await first.commit(change([entry(1)], { expectedWriter: 'first' }))
    expect(await numbers(second)).toEqual([1])
  },

  'applies a failing commit not at all': async ({ open }) => {
    const outbox = await claimed(open)
    await outbox.commit(change([entry(1), entry(2)], { recent: [done('a')] }))
    const before = await outbox.read()
    await expect(outbox.commit(change([entry(1, { id: 'x' }), unclonable(3), entry(4)], { remove: [2], recent: [], head: head(7) }))).rejects.toThrow()
    expect(await outbox.read()).toEqual(before)
    await expect(outbox.commit(change([entry(9), unclonable(3)], { replace: true }))).rejects.toThrow()
    expect(await outbox.read()).toEqual(before)
    await outbox.commit(change([entry(5)]))
    expect(await numbers(await open())).toEqual([1, 2, 5])
  },

  'applies a failing first commit not at all': async ({ open }) => {
    const outbox = await claimed(open)
    await expect(outbox.commit(change([entry(1), unclonable(2)]))).rejects.toThrow()
    expect(await (await open()).read()).toBeNull()
  },

  'applies commits in the order of their calls': async ({ open }) => {
    const outbox = await claimed(open)
    await Promise.all([
      outbox.commit(change([entry(1), entry(2)])),
      outbox.commit(change([entry(3)], { remove: [1] })),
      outbox.commit(change([entry(2, { id: 'last' })], { head: head(101) })),
    ])
    expect(await outbox.read()).toEqual({ head: head(101), entries: [entry(2, { id: 'last' }), entry(3)], recent: [], unreadable: 0 })
  },

  'shows a new handle what an earlier one committed': async ({ open }) => {
    const first = await claimed(open)
    await first.commit(change([entry(1)]))
    first.close()
    expect((await (await open()).read())!.entries).toEqual([entry(1)])
  },

  'shows a new handle whole commits only, although the earlier one left in the middle': async ({ open }) => {
    const first = await claimed(open)
    await first.commit(change([entry(1)], { head: head(1001) }))
    const many = Array.from({ length: 40 }, (_, index) => entry(index + 2))
    const interrupted = first.commit(change(many, { remove: [1], head: head(1002) })).catch(() => undefined)
    first.close()
    await interrupted
    const stored = (await (await open()).read())!
    expect([[1001, 1], [1002, 40]]).toContainEqual([stored.head.nextNumber, stored.entries.length])
  },

  'keeps media of different names apart': async ({ open, openOther }) => {
    await (await claimed(open)).commit(change([entry(1)]))
    const other = await openOther()
    expect(await other.read()).toBeNull()
    await expect(other.commit(change([entry(2)]))).rejects.toBeInstanceOf(LostCacheError)
  },

  'rejects every use after close': async ({ open }) => {
    const outbox = await claimed(open)
    await outbox.commit(change([entry(1)]))
    outbox.close()
    outbox.close()
    await expect(outbox.claim(WRITER, 2)).rejects.toThrow('closed')
    await expect(outbox.read()).rejects.toThrow('closed')
    await expect(outbox.commit(change([entry(2)]))).rejects.toThrow('closed')
    expect(await numbers(await open())).toEqual([1])
  },

  'says that a head cannot be understood, and leaves everything as it is': async ({ open, putRaw }) => {
    const outbox = await claimed(open)
    await outbox.commit(change([entry(1)]))
    for (const [name, garbage] of Object.entries(GARBAGE_HEADS)) {
      await putRaw({ head: garbage })
      await expect(outbox.read(), name).rejects.toBeInstanceOf(UnreadableCacheError)
    }
    await putRaw({ head: head(100) })
    expect(await numbers(outbox)).toEqual([1])
  },

  'does not take entries without a head for nothing': async ({ open, putRaw }) => {
    const outbox = await open()
    await putRaw({ entries: [entry(1)] })
    await expect(outbox.read()).rejects.toBeInstanceOf(UnreadableCacheError)
  },

  'leaves entries out that cannot be understood, counts them, and keeps them': async ({ open, putRaw }) => {
    const outbox = await claimed(open)
    const remove = Object.values(GARBAGE_ENTRIES).map(({ number }) => number)
    for (const [name, garbage] of Object.entries(GARBAGE_ENTRIES)) {
      await outbox.commit(change([entry(1), entry(3)], { replace: true, remove }))
      await putRaw({ entries: [garbage] })
      expect(await outbox.read(), name).toMatchObject({ entries: [entry(1), entry(3)], unreadable: 1 })
      await outbox.commit(change([entry(4)], { remove: [1], head: head(101) }))
      expect(await outbox.read(), name).toMatchObject({ entries: [entry(3), entry(4)], unreadable: 1 })
      await outbox.commit(change([entry(5)], { replace: true }))
      expect(await outbox.read(), name).toMatchObject({ entries: [entry(5)], unreadable: 1 })
      expect((await (await open()).read())!.unreadable, name).toBe(1)
    }
  },

  'leaves recent writes out that cannot be understood': async ({ open, putRaw }) => {
    const outbox = await claimed(open)
    await outbox.commit(change([entry(1)], { recent: [done('a')] }))
    for (const garbage of ['a', [1, null, { digest: 1 }], { 0: 'a' }]) {
      await putRaw({ recent: garbage })
      expect(await outbox.read()).toMatchObject({ entries: [entry(1)], recent: [], unreadable: 0 })
    }
    // At first only their ids were stored.
    await putRaw({ recent: ['a', done('b'), { id: 'c', digest: 'none' }] })
    expect((await outbox.read())!.recent).toEqual([{ id: 'a', digest: null }, done('b'), { id: 'c', digest: null }])
  },
}

/** Changes with the contract; a case that is lost by accident is noticed by it. */
export const OUTBOX_CONTRACT_CASES = 32

/** Runs the whole contract on an implementation, and then tests that the whole of it has run. */
export function testOutboxContract(implementation: string, fixture: OutboxFixture): void {
  describe(`${implementation} as an OutboxStore`, () => {
    const opened: OutboxStore[] = []
    const ran = new Set<string>()
    afterEach(() => {
      for (const outbox of opened.splice(0)) outbox.close()
    })
    const open = async (name: string): Promise<OutboxStore> => {
      const outbox = await fixture.open(name)
      opened.push(outbox)
      return outbox
    }
    for (const [name, run] of Object.entries(OUTBOX_CONTRACT)) {
      test(name, async () => {
        ran.add(name)
        const medium = `contract:${implementation}:${name}:${String(Math.random())}`
        await run({ open: () => open(medium), openOther: () => open(`${medium}:other`), putRaw: (raw) => fixture.putRaw(medium, raw) })
      })
    }
    test('has run the whole contract', () => {
      expect(ran.size).toBe(OUTBOX_CONTRACT_CASES)
      expect([...ran]).toEqual(Object.keys(OUTBOX_CONTRACT))
    })
  })
}
