// @vitest-environment-options {"own":"contract/store.node"}
import 'fake-indexeddb/auto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { forceCloseDatabase } from 'fake-indexeddb'
import { afterEach, describe, expect, test } from 'vitest'
import { IdbStore } from '../../src/worker/store/idb-store.ts'
import { emptyMedium, MemoryStore, type MemoryMedium } from '../../src/worker/store/memory-store.ts'
import { testIdbStore } from './idb-contract.ts'
import { load } from './load.ts'
import { ManualClock } from './manual-clock.ts'
import { testStoreContract } from './store-contract.ts'
import { segment, write } from './stored-samples.ts'

const media = new Map<string, MemoryMedium>()

testStoreContract('MemoryStore', {
  open: (name) => {
    const medium = media.get(name) ?? emptyMedium()
    media.set(name, medium)
    return Promise.resolve(new MemoryStore(medium))
  },
})

const clock = new ManualClock()
testStoreContract('IdbStore over fake-indexeddb', { open: (name) => IdbStore.open(name, 'relaxed', clock) })
testIdbStore('IdbStore over fake-indexeddb')

describe('the contract', () => {
  const read = (file: string): string => readFileSync(fileURLToPath(new URL(file, import.meta.url)), 'utf8')

  test('is run on every implementation, in IndexedDB also by a real browser', () => {
    const folder = '../../src/worker/store/'
    const classes = readdirSync(fileURLToPath(new URL(folder, import.meta.url)))
      .flatMap((file) => [...read(folder + file).matchAll(/class (\w+) implements Store\b/g)].map((match) => match[1]))
    const runs = ['./store.node.test.ts', './store.browser.test.ts'].map((file) => [...read(file).matchAll(/^testStoreContract\('(\w+)/gm)].map((match) => match[1]))
    expect(runs).toEqual([['MemoryStore', 'IdbStore'], ['IdbStore']])
    expect(new Set(classes)).toEqual(new Set(runs.flat()))
  })
})

describe('IdbStore where IndexedDB is not to be had', () => {
  const real = globalThis.indexedDB
  afterEach(() => {
    globalThis.indexedDB = real
  })

  test('rejects when there is none', async () => {
    Reflect.deleteProperty(globalThis, 'indexedDB')
    await expect(IdbStore.open('none', 'relaxed', clock)).rejects.toThrow('there is no IndexedDB')
  })

  test('rejects when it is refused', async () => {
    const refuse = (): never => {
      throw new DOMException('denied', 'SecurityError')
    }
    globalThis.indexedDB = { ...real, open: refuse } as unknown as IDBFactory
    await expect(IdbStore.open('refused', 'relaxed', clock)).rejects.toThrow('denied')
  })
})

describe('IdbStore whose connection the browser drops', () => {
  const { open } = indexedDB
  let connection: IDBDatabase | undefined
  afterEach(() => {
    indexedDB.open = open
  })

  test('settles what is under way, and rejects everything after it', async () => {
    indexedDB.open = (...args) => {
      const request = open.apply(indexedDB, args)
      request.addEventListener('success', () => {
        connection = request.result
      })
      return request
    }
    const store = await IdbStore.open('dropped', 'relaxed', clock)
    await store.commit(write('7', [segment(1)]))
    const committing = store.commit(write('8', [segment(2)]))
    const dropped = new Promise((resolve) => connection!.addEventListener('close', resolve))
    forceCloseDatabase(connection as never)
    await Promise.allSettled([committing, dropped])
    await expect(load(store)).rejects.toThrow()
    await expect(store.commit(write('9'))).rejects.toThrow()
    const again = await IdbStore.open('dropped', 'relaxed', clock)
    expect(['7', '8']).toContain((await load(again))!.meta.offset)
    again.close()
  })
})
