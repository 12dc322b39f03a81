// @vitest-environment-options {"own":"contract/registry.node"}
import 'fake-indexeddb/auto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { IdbRegistry, REGISTRY_NAME } from '../../src/worker/store/idb-registry.ts'
import { deleteIdbStore, IdbStore } from '../../src/worker/store/idb-store.ts'
import { MemoryRegistry, REMEMBERED_CLEARS_MS } from '../../src/worker/store/memory-registry.ts'
import type { CacheRecord, Registry } from '../../src/worker/ports.ts'
import { ManualClock } from './manual-clock.ts'

const clock = new ManualClock()
const record = (name: string, more: Partial<CacheRecord> = {}): CacheRecord => ({ name, url: `https://h/${name}`, scope: 'me', format: 2, usedAt: 7, keepMs: 30, doomed: false, ...more })

const deleteRegistry = (): Promise<unknown> => new Promise((resolve, reject) => {
  const request = indexedDB.deleteDatabase(REGISTRY_NAME)
  request.onsuccess = resolve
  request.onerror = reject
})

describe.each<[string, () => Registry]>([
  ['MemoryRegistry', () => new MemoryRegistry()],
  ['IdbRegistry over fake-indexeddb', () => new IdbRegistry(clock)],
])('%s', (_, make) => {
  let registry: Registry
  beforeEach(async () => {
    await deleteRegistry()
    registry = make()
  })

  test('lists what was noted, each once, as it was noted last', async () => {
    expect(await registry.list()).toEqual([])
    await registry.touch(record('a'))
    await registry.touch(record('b', { keepMs: null }))
    await registry.touch(record('a', { usedAt: 8 }))
    expect(await registry.list()).toEqual([record('a', { usedAt: 8 }), record('b', { keepMs: null })])
  })

  test('knows of a clear until it is done, and afterwards when it was, for some days', async () => {
    await registry.touch(record('a'))
    expect(await registry.clearState('a')).toEqual({ clearedAt: null, doomed: false })
    await registry.doom(record('a'), 1000)
    await registry.touch(record('a', { usedAt: 9 }))
    expect(await registry.clearState('a')).toEqual({ clearedAt: 1000, doomed: true })
    await registry.drop('a')
    expect(await registry.list()).toEqual([])
    expect(await registry.clearState('a')).toEqual({ clearedAt: 1000, doomed: false })
    // One that is tried again is no newer clear.
    await registry.doom(record('a'), 500)
    expect(await registry.clearState('a')).toEqual({ clearedAt: 1000, doomed: true })
    await registry.doom(record('b'), 1001 + REMEMBERED_CLEARS_MS)
    expect(await registry.clearState('a')).toEqual({ clearedAt: null, doomed: true })
  })
})

describe('IdbRegistry', () => {
  const real = globalThis.indexedDB
  afterEach(() => {
    globalThis.indexedDB = real
  })

  test('leaves out records that make no sense', async () => {
    await deleteRegistry()
    const registry = new IdbRegistry(clock)
    await registry.touch(record('a'))
    await registry.touch({ ...record('b'), usedAt: Number.NaN })
    await registry.touch({ ...record('c'), scope: 7 } as unknown as CacheRecord)
    expect(await registry.list()).toEqual([record('a')])
  })

  test('rejects in time when nothing answers', async () => {
    globalThis.indexedDB = { ...real, open: () => ({ addEventListener: () => undefined }) } as unknown as IDBFactory
    const listing = expect(new IdbRegistry(clock).list()).rejects.toThrow('in time')
    clock.advance(60_000)
    await listing
  })

  test('rejects where there is no IndexedDB', async () => {
    Reflect.deleteProperty(globalThis, 'indexedDB')
    await expect(new IdbRegistry(clock).list()).rejects.toThrow('no IndexedDB')
  })
})

describe('the deletion of a cache', () => {
  const real = globalThis.indexedDB
  afterEach(() => {
    globalThis.indexedDB = real
  })

  test('is done where there is no IndexedDB', async () => {
    Reflect.deleteProperty(globalThis, 'indexedDB')
    await deleteIdbStore('x', clock)
  })

  test('is done where IndexedDB is denied: nothing of ours can be there', async () => {
    const denied = (): never => {
      throw new DOMException('denied', 'SecurityError')
    }
    globalThis.indexedDB = { ...real, open: denied, deleteDatabase: denied } as unknown as IDBFactory
    await deleteIdbStore('x', clock)
  })

  test('does not make a database that was not there, nor hang at one that stays open', async () => {
    await deleteIdbStore('never', clock)
    expect((await indexedDB.databases()).map(({ name }) => name)).not.toContain('never')
    const blocker = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open('held', 1)
      request.onsuccess = () => { resolve(request.result) }
    })
    const deleting = expect(deleteIdbStore('held', clock)).rejects.toThrow('in time')
    await new Promise((resolve) => setTimeout(resolve))
    clock.advance(60_000)
    await deleting
    blocker.close()
    expect(await IdbStore.open('held', 'relaxed', clock).then((store) => { store.close() })).toBeUndefined()
  })
})
