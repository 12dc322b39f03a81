// @vitest-environment-options {"own":"contract/outbox.node"}
import 'fake-indexeddb/auto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { forceCloseDatabase } from 'fake-indexeddb'
import { afterEach, describe, expect, test } from 'vitest'
import type { OutboxEntry } from '../../src/worker/core/outbox.ts'
import { ClearedCacheError } from '../../src/worker/ports.ts'
import { IdbOutbox } from '../../src/worker/store/idb-outbox.ts'
import { emptyOutbox, MemoryOutbox, type OutboxMedium } from '../../src/worker/store/memory-outbox.ts'
import { testIdbOutbox } from './idb-outbox-contract.ts'
import { ManualClock } from './manual-clock.ts'
import { testOutboxContract } from './outbox-contract.ts'
import { change, entry } from './outbox-samples.ts'
import { putRawOutbox } from './raw-idb.ts'

const media = new Map<string, OutboxMedium>()

testOutboxContract('MemoryOutbox', {
  open: (name) => {
    const medium = media.get(name) ?? emptyOutbox()
    media.set(name, medium)
    return Promise.resolve(new MemoryOutbox(medium))
  },
  putRaw: (name, { entries = [], ...rest }) => {
    Object.assign(media.get(name)!, rest)
    for (const raw of entries) media.get(name)!.entries.set(raw.number, raw as OutboxEntry)
    return Promise.resolve()
  },
})

const clock = new ManualClock()
testOutboxContract('IdbOutbox over fake-indexeddb', { open: (name) => IdbOutbox.open(name, clock), putRaw: putRawOutbox })
testIdbOutbox('IdbOutbox over fake-indexeddb')

describe('the contract', () => {
  const read = (file: string): string => readFileSync(fileURLToPath(new URL(file, import.meta.url)), 'utf8')

  test('is run on every implementation, in IndexedDB also by a real browser', () => {
    const folder = '../../src/worker/store/'
    const classes = readdirSync(fileURLToPath(new URL(folder, import.meta.url)))
      .flatMap((file) => [...read(folder + file).matchAll(/class (\w+) implements OutboxStore\b/g)].map((match) => match[1]))
    const runs = ['./outbox.node.test.ts', './outbox.browser.test.ts'].map((file) => [...read(file).matchAll(/^testOutboxContract\('(\w+)/gm)].map((match) => match[1]))
    expect(runs).toEqual([['MemoryOutbox', 'IdbOutbox'], ['IdbOutbox']])
    expect(new Set(classes)).toEqual(new Set(runs.flat()))
  })
})

describe('IdbOutbox where IndexedDB is not to be had', () => {
  const real = globalThis.indexedDB
  afterEach(() => {
    globalThis.indexedDB = real
  })

  test('rejects when there is none', async () => {
    Reflect.deleteProperty(globalThis, 'indexedDB')
    await expect(IdbOutbox.open('none', clock)).rejects.toThrow('there is no IndexedDB')
  })

  test('rejects when it is refused', async () => {
    const refuse = (): never => {
      throw new DOMException('denied', 'SecurityError')
    }
    globalThis.indexedDB = { ...real, open: refuse } as unknown as IDBFactory
    await expect(IdbOutbox.open('refused', clock)).rejects.toThrow('denied')
  })
})

describe('IdbOutbox whose connection the browser drops', () => {
  const { open } = indexedDB
  let connection: IDBDatabase | undefined
  afterEach(() => {
    indexedDB.open = open
  })

  test('tells it, and the entries are there for the next one', async () => {
    indexedDB.open = (...args) => {
      const request = open.apply(indexedDB, args)
      request.addEventListener('success', () => {
        connection = request.result
      })
      return request
    }
    const outbox = await IdbOutbox.open('dropped', clock)
    await outbox.claim({ writer: 'writer', since: 1 }, 1)
    await outbox.commit(change([entry(1)]))
    forceCloseDatabase(connection as never)
    const reason = await outbox.lost
    expect(reason).not.toBeInstanceOf(ClearedCacheError)
    await expect(outbox.read()).rejects.toBe(reason)
    await expect(outbox.commit(change([entry(2)]))).rejects.toBe(reason)
    const again = await IdbOutbox.open('dropped', clock)
    expect((await again.read())!.entries).toEqual([entry(1)])
    again.close()
  })
})
