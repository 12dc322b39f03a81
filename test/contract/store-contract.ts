import { afterEach, describe, expect, test } from 'vitest'
import type { Segment } from '../../src/worker/core/segment-directory.ts'
import { LostCacheError, type Store } from '../../src/worker/ports.ts'
import { load, loadWorking } from './load.ts'
import { meta, segment, working, write } from './stored-samples.ts'

/** An implementation of `Store`, as the contract meets it. */
export interface StoreFixture {
  /** Opens a store on the medium of that name, which outlives the store. */
  open(name: string): Promise<Store>
}

type Open = () => Promise<Store>

/** `open` always opens the case's own medium, with a new handle each time. */
export const STORE_CONTRACT: Readonly<Record<string, (open: Open, openOther: Open) => Promise<void>>> = {
  'has nothing at first': async (open) => {
    expect(await load(await open())).toBeNull()
  },

  'loads what was committed': async (open) => {
    const store = await open()
    const segments = [segment(1, [{ id: 'a', n: 1 }], ['gone']), segment(2)]
    await store.commit(write('7', segments))
    expect(await load(store)).toEqual({ meta: meta('7'), segments })
  },

  'keeps absent anchors, open snapshots and empty lists': async (open) => {
    const store = await open()
    const bare = { ...meta(''), anchor: null, txids: [], complete: false, marks: { seq: 0, digest: 0, snapshotStart: 0, quarantined: { count: 3, lastReason: '' }, unknown: 9 } }
    await store.commit({ ...write('', [segment(1, [], [])]), meta: bare })
    expect(await load(store)).toEqual({ meta: bare, segments: [segment(1, [], [])] })
  },

  'keeps unusual data as it is': async (open) => {
    const store = await open()
    const rows = [
      JSON.parse('{"id":"proto","__proto__":{"polluted":true},"constructor":"c","hasOwnProperty":1}') as Record<string, unknown>,
      { id: '', '': '', nested: { list: [[], [{ deep: [null, true, -0.5, 1e300] }]] } },
      { id: 'ключ 🗝️ \u0000 \ud800', text: '\u2028\uffff"\\' },
      { id: 'empty' },
    ]
    await store.commit(write('7', [segment(1, rows, ['', '__proto__', '🗝️'])]))
    const loaded = (await load(store))!.segments[0]!
    expect(loaded.rows).toEqual(rows)
    expect(Object.keys(loaded.rows[0]!)).toEqual(Object.keys(rows[0]!))
    expect(Object.getPrototypeOf(loaded.rows[0])).toBe(Object.prototype)
    expect(JSON.stringify(loaded.rows)).toBe(JSON.stringify(rows))
    expect(loaded.deleted).toEqual(['', '__proto__', '🗝️'])
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  },

  'keeps a row of a megabyte': async (open) => {
    const store = await open()
    const text = 'äx'.repeat(500_000)
    await store.commit(write('7', [segment(1, [{ id: 'big', text }])]))
    expect((await load(store))!.segments[0]!.rows[0]!['text']).toBe(text)
  },

  'loads segments in order of id': async (open) => {
    const store = await open()
    await store.commit(write('7', [10, 9, 100, 1, 11, 2].map((id) => segment(id))))
    expect((await load(store))!.segments.map(({ id }) => id)).toEqual([1, 2, 9, 10, 11, 100])
  },

  'drops segments': async (open) => {
    const store = await open()
    await store.commit(write('7', [segment(1), segment(2), segment(3)]))
    await store.commit(write('8', [segment(4)], { drops: [1, 3, 99] }))
    expect(await load(store)).toEqual({ meta: meta('8'), segments: [segment(2), segment(4)] })
  },

  'overwrites a segment of the same id': async (open) => {
    const store = await open()
    await store.commit(write('7', [segment(1)]))
    await store.commit(write('8', [segment(1, [{ id: 'new' }])]))
    expect((await load(store))!.segments).toEqual([segment(1, [{ id: 'new' }])])
  },

  'replaces everything': async (open) => {
    const store = await open()
    await store.commit(write('7', [segment(1), segment(2), segment(3)]))
    await store.commit(write('8', [segment(2, [{ id: 'new' }])], { replace: true }))
    expect(await load(store)).toEqual({ meta: meta('8'), segments: [segment(2, [{ id: 'new' }])] })
  },

  'replaces everything with nothing': async (open) => {
    const store = await open()
    await store.commit(write('7', [segment(1)]))
    await store.commit(write('-1', [], { replace: true }))
    expect(await load(store)).toEqual({ meta: meta('-1'), segments: [] })
  },

  'keeps what tabs look at, and tells it before the segments': async (open) => {
    const store = await open()
    expect(await loadWorking(store)).toBe(null)
    await store.commit(write('7', [segment(1)], { working: working('a') }))
    expect(await loadWorking(store)).toEqual({ working: working('a'), isFirst: true })
    await store.commit(write('8', [segment(2)]))
    expect(await loadWorking(store)).toEqual({ working: working('a'), isFirst: true })
    await store.commit(write('8', [], { working: working('b') }))
    expect(await loadWorking(store)).toEqual({ working: working('b'), isFirst: true })
  },

  'drops what tabs look at with everything else, unless it comes along': async (open) => {
    const store = await open()
    await store.commit(write('7', [segment(1)], { working: working('a') }))
    await store.commit(write('8', [segment(1)], { replace: true, working: working('b') }))
    expect(await loadWorking(store)).toEqual({ working: working('b'), isFirst: true })
    await store.commit(write('9', [segment(1)], { replace: true }))
    expect(await loadWorking(store)).toBe(null)
  },

  'writes nothing of what tabs look at for a writer that is shut out': async (open) => {
    const store = await open()
    await store.commit(write('7', [segment(1)], { working: working('a') }))
    await expect(store.commit(write('8', [], { expectedWriter: 'somebody else', working: working('b') }))).rejects.toThrow(LostCacheError)
    expect(await loadWorking(store)).toEqual({ working: working('a'), isFirst: true })
  },

  'takes a commit that expects the stored writer': async (open) => {
    const store = await open()
    await store.commit({ ...write('7', [segment(1)]), meta: meta('7', 'first') })
    await store.commit({ ...write('8', [], { expectedWriter: 'first' }), meta: meta('8', 'second') })
    expect((await load(store))!.meta).toEqual(meta('8', 'second'))
  },

  'refuses a commit that expects another writer, and writes nothing of it': async (open) => {
    const store = await open()
    await store.commit(write('7', [segment(1)]))
    const before = await load(store)
    const fenced = write('8', [segment(1, []), segment(2)], { drops: [1], replace: true, expectedWriter: 'somebody else' })
    await expect(store.commit(fenced)).rejects.toBeInstanceOf(LostCacheError)
    expect(await load(store)).toEqual(before)
  },

  'refuses a commit that expects a writer where nothing is stored': async (open) => {
    const store = await open()
    await expect(store.commit(write('8', [segment(1)], { expectedWriter: 'writer' }))).rejects.toBeInstanceOf(LostCacheError)
    expect(await load(store)).toBeNull()
  },

  'applies a failing commit not at all': async (open) => {
    const store = await open()
    await store.commit(write('7', [segment(1), segment(2)]))
    const before = await load(store)
    const unclonable = segment(3, [{ id: 'f', call: () => undefined }])
    await expect(store.commit(write('8', [segment(1, []), unclonable, segment(4)], { drops: [2] }))).rejects.toThrow()
    expect(await load(store)).toEqual(before)
    await expect(store.commit(write('8', [segment(9), unclonable], { replace: true }))).rejects.toThrow()
    expect(await load(store)).toEqual(before)
    await store.commit(write('9', [segment(5)]))
    expect((await load(await open()))!.segments.map(({ id }) => id)).toEqual([1, 2, 5])
  },

  'applies a failing first commit not at all': async (open) => {
    const store = await open()
    await expect(store.commit(write('8', [segment(1), segment(2, [{ id: 'f', call: () => undefined }])]))).rejects.toThrow()
    expect(await load(store)).toBeNull()
    expect(await load(await open())).toBeNull()
  },

  'applies commits in the order of their calls': async (open) => {
    const store = await open()
    await Promise.all([
      store.commit(write('1', [segment(1), segment(2)])),
      store.commit(write('2', [segment(3)], { drops: [1] })),
      store.commit(write('3', [segment(2, [{ id: 'last' }])])),
    ])
    expect(await load(store)).toEqual({ meta: meta('3'), segments: [segment(2, [{ id: 'last' }]), segment(3)] })
  },

  'shows a new handle what an earlier one committed': async (open) => {
    const first = await open()
    await first.commit(write('7', [segment(1)]))
    first.close()
    expect(await load(await open())).toEqual({ meta: meta('7'), segments: [segment(1)] })
  },

  'shows a new handle whole commits only, although the earlier one left in the middle': async (open) => {
    const first = await open()
    await first.commit(write('1', [segment(1)]))
    const interrupted = first.commit(write('2', Array.from({ length: 40 }, (_, index) => segment(index + 2)), { drops: [1] })).catch(() => undefined)
    first.close()
    await interrupted
    const { meta: stored, segments } = (await load(await open()))!
    expect([['1', 1], ['2', 40]]).toContainEqual([stored.offset, segments.length])
  },

  'keeps media of different names apart': async (open, openOther) => {
    await (await open()).commit(write('7', [segment(1)]))
    const other = await openOther()
    expect(await load(other)).toBeNull()
    await other.clear()
    expect(await load(await open())).toEqual({ meta: meta('7'), segments: [segment(1)] })
  },

  'fences one handle out by another': async (open) => {
    const [first, second] = [await open(), await open()]
    await first.commit({ ...write('1', [segment(1)]), meta: meta('1', 'first') })
    await second.commit({ ...write('2', [segment(2)], { replace: true }), meta: meta('2', 'second') })
    await expect(first.commit({ ...write('3', [segment(3)], { expectedWriter: 'first' }), meta: meta('3', 'first') })).rejects.toBeInstanceOf(LostCacheError)
    expect(await load(first)).toEqual({ meta: meta('2', 'second'), segments: [segment(2)] })
  },

  'has nothing after it was cleared': async (open) => {
    const store = await open()
    await store.commit(write('7', [segment(1)]))
    await store.clear()
    expect(await load(await open())).toBeNull()
  },

  'can be cleared when there is nothing': async (open) => {
    await (await open()).clear()
    expect(await load(await open())).toBeNull()
  },

  'is lost for every other handle when it is cleared': async (open) => {
    const [first, second] = [await open(), await open()]
    await first.commit(write('7', [segment(1)]))
    await second.clear()
    await expect(first.commit(write('8', [segment(2)], { expectedWriter: 'writer' }))).rejects.toBeInstanceOf(LostCacheError)
    expect(await load(await open())).toBeNull()
  },

  'rejects every use after clear': async (open) => {
    const store = await open()
    await store.clear()
    await expect(store.commit(write('8', [segment(2)]))).rejects.toThrow()
    await expect(load(store)).rejects.toThrow()
    expect(await load(await open())).toBeNull()
  },

  'rejects every use after close': async (open) => {
    const store = await open()
    await store.commit(write('7', [segment(1)]))
    store.close()
    store.close()
    await expect(load(store)).rejects.toThrow()
    await expect(store.commit(write('8', [segment(2)]))).rejects.toThrow()
    expect((await load(await open()))!.meta.offset).toBe('7')
  },

  'keeps a hundred segments of a thousand rows': async (open) => {
    const store = await open()
    const segments: Segment[] = Array.from({ length: 100 }, (_, id) =>
      segment(id, Array.from({ length: 1000 }, (__, index) => ({ id: `${String(id)}-${String(index)}`, n: index, name: 'a name', _seq: id * 1000 + index }))),
    )
    await store.commit(write('7', segments))
    const loaded = (await load(await open()))!
    expect(loaded.segments.length).toBe(100)
    expect(loaded.segments.reduce((sum, { rows }) => sum + rows.length, 0)).toBe(100_000)
    expect(loaded.segments[99]).toEqual(segments[99])
  },
}

/** Changes with the contract; a case that is lost by accident is noticed by it. */
export const STORE_CONTRACT_CASES = 29

/** Runs the whole contract on an implementation, and then tests that the whole of it has run. */
export function testStoreContract(implementation: string, fixture: StoreFixture): void {
  describe(`${implementation} as a Store`, () => {
    const opened: Store[] = []
    const ran = new Set<string>()
    afterEach(() => {
      for (const store of opened.splice(0)) store.close()
    })
    const opener = (name: string): Open => async () => {
      const store = await fixture.open(name)
      opened.push(store)
      return store
    }
    for (const [name, run] of Object.entries(STORE_CONTRACT)) {
      test(name, async () => {
        ran.add(name)
        const medium = `contract:${implementation}:${name}:${String(Math.random())}`
        await run(opener(medium), opener(`${medium}:other`))
      })
    }
    test('has run the whole contract', () => {
      expect(ran.size).toBe(STORE_CONTRACT_CASES)
      expect([...ran]).toEqual(Object.keys(STORE_CONTRACT))
    })
  })
}
