import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { IdbStore } from '../../src/worker/store/idb-store.ts'
import { ManualClock } from './manual-clock.ts'
import { deleteRaw, occupy, openRaw, putRaw } from './raw-idb.ts'
import { load } from './load.ts'
import { meta, segment, working, write } from './stored-samples.ts'

/** In Node and in a browser. */
function onUnhandled(listener: (reason: unknown) => void): () => void {
  if (typeof process !== 'undefined' && typeof process.on === 'function') {
    process.on('unhandledRejection', listener)
    return () => process.off('unhandledRejection', listener)
  }
  const onEvent = (event: PromiseRejectionEvent): void => {
    listener(event.reason)
  }
  addEventListener('unhandledrejection', onEvent)
  return () => {
    removeEventListener('unhandledrejection', onEvent)
  }
}

const nextTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

/** Long enough for every limit of the store. */
const LONG_MS = 60_000

const GARBAGE_METAS: Readonly<Record<string, unknown>> = {
  'a string': 'meta',
  'a number': 7,
  'a list': [meta('7')],
  'an empty object': {},
  'without marks': { ...meta('7'), marks: undefined },
  'with marks of another kind': { ...meta('7'), marks: [] },
  'with a fractional count': { ...meta('7'), marks: { ...meta('7').marks, seq: 0.5 } },
  'with a count that is not a number': { ...meta('7'), marks: { ...meta('7').marks, unknown: '3' } },
  'with a snapshot start that is no number': { ...meta('7'), marks: { ...meta('7').marks, snapshotStart: 'x' } },
  'without quarantine': { ...meta('7'), marks: { ...meta('7').marks, quarantined: null } },
  'with an offset that is a number': { ...meta('7'), offset: 7 },
  'with txids that are no strings': { ...meta('7'), txids: ['t', 1] },
  'with txids that are no list': { ...meta('7'), txids: 't' },
  'without a writer': { ...meta('7'), writer: undefined },
  'without a fingerprint': { ...meta('7'), fingerprint: null },
  'with an anchor of another kind': { ...meta('7'), anchor: { offset: '1' } },
  'with a missing anchor': { ...meta('7'), anchor: undefined },
  'with completeness that is no boolean': { ...meta('7'), complete: 1 },
}

const GARBAGE_SEGMENTS: Readonly<Record<string, unknown>> = {
  'without rows': { id: 2, collection: 'items', deleted: [] },
  'with rows that are no list': { id: 2, collection: 'items', rows: {}, deleted: [] },
  'with a row that is a primitive': { id: 2, collection: 'items', rows: [1], deleted: [] },
  'with a row that is a list': { id: 2, collection: 'items', rows: [[]], deleted: [] },
  'with a row that is null': { id: 2, collection: 'items', rows: [null], deleted: [] },
  'with keys that are no strings': { id: 2, collection: 'items', rows: [], deleted: [1] },
  'without a collection': { id: 2, rows: [], deleted: [] },
  'with an id that is a string': { ...segment(2), id: 'two' },
  'with a fractional id': { ...segment(2), id: 2.5 },
}

/** What holds of the store in IndexedDB beyond the contract: what others and the browser may do to a database. */
export function testIdbStore(implementation: string): void {
  describe(`${implementation}: a database that is not as it should be`, () => {
    let name: string
    let clock: ManualClock
    const opened: IdbStore[] = []
    const databases = new Set<string>()
    beforeEach(() => {
      name = `idb:${implementation}:${String(Math.random())}`
      databases.add(name)
      clock = new ManualClock()
    })
    afterEach(async () => {
      for (const store of opened.splice(0)) store.close()
      for (const database of databases) await deleteRaw(database)
      databases.clear()
    })
    const open = async (): Promise<IdbStore> => {
      const store = await IdbStore.open(name, 'relaxed', clock)
      opened.push(store)
      return store
    }

    test.each(Object.entries(GARBAGE_METAS))('treats a meta record %s as absent, and can be written anew', async (_, garbage) => {
      const store = await open()
      await putRaw(name, { meta: garbage, segments: [segment(1)] })
      expect(await load(store)).toBeNull()
      await store.commit(write('9', [segment(5)], { replace: true }))
      expect(await load(store)).toEqual({ meta: meta('9'), segments: [segment(5)] })
    })

    test.each(Object.entries(GARBAGE_SEGMENTS))('treats everything as absent when there is a segment %s', async (_, garbage) => {
      const store = await open()
      await putRaw(name, { meta: meta('7'), segments: [segment(1), garbage] })
      expect(await load(store)).toBeNull()
      await store.commit(write('9', [segment(5)], { replace: true }))
      expect(await load(store)).toEqual({ meta: meta('9'), segments: [segment(5)] })
    })

    test('holds the segments back while rows of the working set are on their way, and reads the state of one moment', async () => {
      const store = await open()
      await store.commit(write('7', [segment(1)], { working: working('a') }))
      let turns = 0
      let written: Promise<void> | undefined
      const taken: number[] = []
      const found = await store.read({
        accept: () => true,
        preview: () => undefined,
        isPreviewing: () => {
          // The reading lasts: what is written meanwhile is not a part of it.
          if (turns === 0) written = store.commit(write('8', [segment(2)], { replace: true }))
          return (turns += 1) < 20
        },
        take: (group) => {
          expect(turns).toBeGreaterThanOrEqual(20)
          taken.push(...group.map(({ id }) => id))
        },
      })
      expect([found, taken]).toEqual([meta('7'), [1]])
      await written
      expect((await load(store))?.meta).toEqual(meta('8'))
    })

    test('treats segments without a meta record as absent', async () => {
      const store = await open()
      await putRaw(name, { segments: [segment(1)] })
      expect(await load(store)).toBeNull()
    })

    test('treats a foreign database of its name as absent, and can be written anew', async () => {
      const foreign = await openRaw(name, 1, (db) => db.createObjectStore('something'))
      foreign.close()
      const store = await open()
      expect(await load(store)).toBeNull()
      await store.commit(write('9', [segment(5)]))
      expect(await load(store)).toEqual({ meta: meta('9'), segments: [segment(5)] })
    })

    test('refuses to open a database of a later version, at once', async () => {
      const later = await openRaw(name, 99)
      later.close()
      await expect(open()).rejects.toThrow()
      expect(clock.pending).toBe(0)
    })

    test('gives up an open that is blocked', async () => {
      const store = await open()
      store.close()
      const stubborn = await openRaw(name)
      const deletion = deleteRaw(name)
      const opening = open()
      clock.advance(LONG_MS)
      await expect(opening).rejects.toThrow('did not open in time')
      stubborn.close()
      await deletion
    })

    test('closes a database that opens too late, so that it blocks nobody', async () => {
      const opening = open()
      clock.advance(LONG_MS)
      await expect(opening).rejects.toThrow('did not open in time')
      // Opening comes after the late one: by then the late one has been closed.
      const raw = await openRaw(name)
      raw.close()
      expect(await deleteRaw(name)).toEqual({ wasBlocked: false })
    })

    test('gives up a load and a commit that do not settle', async () => {
      const store = await open()
      await store.commit(write('7', [segment(1)]))
      const release = await occupy(name)
      const loading = load(store)
      const committing = store.commit(write('8', [segment(2)]))
      clock.advance(LONG_MS)
      await expect(loading).rejects.toThrow('did not answer in time')
      await expect(committing).rejects.toThrow('did not answer in time')
      await release()
      expect(['7', '8']).toContain((await load(store))!.meta.offset)
      expect(clock.pending).toBe(0)
    })

    test('tells a reader nothing more once its read was given up, also when the database answers later', async () => {
      const store = await open()
      await store.commit(write('7', [segment(1)], { working: working('a') }))
      const release = await occupy(name)
      const told: string[] = []
      const reading = store.read({
        accept: () => told.push('meta') > 0,
        preview: () => told.push('working'),
        isPreviewing: () => false,
        take: () => told.push('segments'),
      })
      clock.advance(LONG_MS)
      await expect(reading).rejects.toThrow('did not answer in time')
      await release()
      // A whole transaction later the read that was given up has had its answers.
      await load(store)
      await nextTask()
      expect(told).toEqual([])
    })

    test('leaves no rejection unhandled when a commit fails', async () => {
      const unhandled: unknown[] = []
      const stop = onUnhandled((reason) => unhandled.push(reason))
      const store = await open()
      const unclonable = segment(2, [{ id: 'f', call: () => undefined }])
      await expect(store.commit(write('7', [segment(1), unclonable, segment(3)]))).rejects.toThrow()
      // A whole transaction later every promise of the failed one has settled, and been looked at.
      await load(store)
      await nextTask()
      stop()
      expect(unhandled).toEqual([])
    })

    test('leaves no timer behind', async () => {
      const store = await open()
      await store.commit(write('7', [segment(1)]))
      await load(store)
      await expect(store.commit(write('8', [], { expectedWriter: 'x' }))).rejects.toThrow()
      await store.clear()
      await Promise.resolve()
      expect(clock.pending).toBe(0)
    })

    test('rejects what is under way when it is closed', async () => {
      const store = await open()
      const release = await occupy(name)
      const committing = store.commit(write('8', [segment(2)]))
      store.close()
      await expect(committing).rejects.toThrow()
      await release()
    })

    test('gives up a clear that is blocked', async () => {
      const store = await open()
      const stubborn = await openRaw(name)
      const clearing = store.clear()
      const outcome = expect(clearing).rejects.toThrow('could not be deleted in time')
      clock.advance(LONG_MS)
      await outcome
      stubborn.close()
    })

    test('removes the database when it is cleared', async () => {
      const store = await open()
      await store.commit(write('7', [segment(1)]))
      expect((await indexedDB.databases()).map((database) => database.name)).toContain(name)
      await store.clear()
      expect((await indexedDB.databases()).map((database) => database.name)).not.toContain(name)
    })

    test('stands aside when somebody deletes the database', async () => {
      const store = await open()
      await store.commit(write('7', [segment(1)]))
      expect(await deleteRaw(name)).toEqual({ wasBlocked: false })
      await expect(load(store)).rejects.toThrow('the cache was deleted')
    })
  })
}
