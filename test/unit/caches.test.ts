import { beforeEach, describe, expect, test } from 'vitest'
import { CACHE_FORMAT, cacheName } from '../../src/shared/names.ts'
import { type CacheRecord, type EngineEnv, NoStorageError } from '../../src/worker/ports.ts'
import { collectCaches } from '../../src/worker/cache/collect.ts'
import { deleteCaches, listCaches } from '../../src/worker/cache/known-caches.ts'
import { emptyMedium } from '../../src/worker/store/memory-store.ts'
import { Disk } from '../support/disk.ts'
import { anyHello, anySettings, anyTab, Origin } from '../support/origin.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const NOW = 100 * DAY_MS

let origin: Origin
let disk: Disk
let env: EngineEnv
beforeEach(() => {
  origin = new Origin()
  disk = new Disk()
  env = origin.env('collector', { ...disk.env, wallNow: () => NOW })
})

const own = { url: 'http://h/own', scope: 'me', keepMs: 30 * DAY_MS }

/** A database, and what the registry says of it. */
async function stored(scope: string, usedAt: number | null, keepMs: number | null = 30 * DAY_MS): Promise<Omit<CacheRecord, 'doomed'>> {
  const record = { name: cacheName('http://h/s', scope), url: 'http://h/s', scope, format: CACHE_FORMAT, usedAt: usedAt ?? 0, keepMs }
  disk.media.set(record.name, emptyMedium())
  if (usedAt !== null) await disk.registry.touch(record)
  return record
}

const scopes = (): string[] => [...disk.media.keys()].map((name) => /\["(.*?)"/.exec(name)![1]!)

describe('caches that nobody needs', () => {
  test('are removed once nothing has used them for long, by what each of them was to be kept for', async () => {
    await stored('fresh', NOW - 29 * DAY_MS)
    await stored('old', NOW - 31 * DAY_MS)
    await stored('kept', NOW - 99 * DAY_MS, null)
    await stored('short', NOW - 2 * DAY_MS, DAY_MS)
    await collectCaches(env, own)
    expect(scopes()).toEqual(['fresh', 'kept'])
    expect((await disk.registry.list()).map(({ scope }) => scope)).toEqual(['fresh', 'kept'])
  })

  test('are left alone while their lock is held', async () => {
    const { name } = await stored('old', NOW - 31 * DAY_MS)
    const lock = await env.locks.take(name)
    await collectCaches(env, own)
    expect(scopes()).toEqual(['old'])
    lock!.release()
    await collectCaches(env, own)
    expect(scopes()).toEqual([])
    expect(await env.locks.take(name)).not.toBeNull()
  })

  test('that were to be cleared, and could not be, are removed whenever they were used', async () => {
    await disk.registry.doom(await stored('signed out', NOW), NOW)
    await collectCaches(env, own)
    expect(scopes()).toEqual([])
  })

  test('of earlier formats: those of the same stream and scope go, others are known from then on', async () => {
    const before = 'sidestream:1:["me","http://h/own"]'
    const other = 'sidestream:1:["you","http://h/s?token=canary"]'
    for (const name of [before, other, 'an application’s', 'sidestream:caches']) disk.media.set(name, emptyMedium())
    await collectCaches(env, own)
    expect([...disk.media.keys()]).toEqual([other, 'an application’s', 'sidestream:caches'])
    expect(await disk.registry.list()).toEqual([expect.objectContaining({ name: other, format: 1, scope: 'you', usedAt: NOW, keepMs: own.keepMs })])
    await collectCaches({ ...env, wallNow: () => NOW + 31 * DAY_MS }, own)
    expect([...disk.media.keys()]).toEqual(['an application’s', 'sidestream:caches'])
  })

  test('are not taken for old, or for ever young, when the wall clock was set', async () => {
    await stored('ahead', NOW + 400 * DAY_MS)
    await collectCaches(env, own)
    expect(scopes()).toEqual(['ahead'])
    await collectCaches({ ...env, wallNow: () => NOW + 31 * DAY_MS }, own)
    expect(scopes()).toEqual([])
  })

  test('are no reason to fail', async () => {
    await stored('old', NOW - 31 * DAY_MS)
    disk.broken = true
    await collectCaches(env, own)
    disk.registryIsBroken = true
    await collectCaches(env, own)
    disk.broken = disk.registryIsBroken = false
    await collectCaches(env, own)
    expect(scopes()).toEqual([])
  })

  test('are looked for by an engine, which notes its own use and what it keeps', async () => {
    await stored('old', -31 * DAY_MS)
    const { host } = origin.worker('one', disk.env)
    const settings = { ...anySettings, cache: { durability: 'relaxed', version: '', keepUnusedMs: 5 } as const }
    host.admit(anyHello('one', { settings }), anyTab(), new AbortController(), { where: 'shared-worker', aliveLock: null }).start()
    await origin.pass(15_000)
    expect(scopes()).toEqual([anySettings.scope])
    const [record] = await disk.registry.list()
    expect(record).toMatchObject({ scope: anySettings.scope, format: CACHE_FORMAT, keepMs: 5, doomed: false })
    expect(JSON.stringify(record)).not.toContain('canary-url')
  })
})

describe('all caches', () => {
  test('are listed, also where the browser does not list databases', async () => {
    await stored('a', 1)
    await stored('b', null)
    expect(await listCaches({ ...env, storeNames: () => Promise.reject(new Error('not here')) })).toEqual([{ url: 'http://h/s', scope: 'a', format: CACHE_FORMAT, usedAt: 1 }])
    expect(await listCaches(env)).toEqual([
      { url: 'http://h/s', scope: 'a', format: CACHE_FORMAT, usedAt: 1 },
      { url: 'http://h/s', scope: 'b', format: CACHE_FORMAT, usedAt: null },
    ])
  })

  test('are removed by a filter, and engines that have them open forget', async () => {
    await stored('a', 1)
    await stored('b', null)
    const shown: unknown[] = []
    const { host } = origin.worker('one', disk.env)
    host.admit(anyHello('one'), anyTab({ status: ({ cleared }) => { shown.push(cleared) } }), new AbortController(), { where: 'shared-worker', aliveLock: null }).start()
    await origin.pass(2000)
    const wall = { ...env, wallNow: () => origin.clock.now() }
    expect(await deleteCaches(wall, ({ scope }) => scope === 'b')).toMatchObject([{ scope: 'b' }])
    expect(scopes().sort()).toEqual(['a', anySettings.scope].sort())
    await origin.pass(500)
    expect(shown.at(-1)).toBe(false)
    expect(await deleteCaches(wall, () => true)).toHaveLength(2)
    await origin.pass(20_000)
    expect([...disk.media]).toEqual([])
    expect(shown.at(-1)).toBe(true)
    expect(await listCaches(wall)).toEqual([])
  })

  test('that cannot be removed are an error, and are removed later', async () => {
    await stored('a', 1)
    disk.broken = true
    // Nothing is removed while it is not known whether writes would be lost.
    await expect(deleteCaches(env, () => true)).rejects.toMatchObject({ code: 'STORAGE_FAILED', retryable: true })
    await origin.pass(30_000)
    expect([...disk.media]).toHaveLength(1)
    await expect(deleteCaches(env, () => true, true)).rejects.toMatchObject({ code: 'STORAGE_FAILED', retryable: true })
    disk.broken = false
    await origin.pass(30_000)
    expect([...disk.media]).toEqual([])
  })

  test('are none where there is no storage', async () => {
    const none = (): Promise<never> => Promise.reject(new NoStorageError('none'))
    const nowhere = { ...env, registry: { list: none, touch: none, doom: none, clearState: none, drop: none }, storeNames: none }
    expect(await listCaches(nowhere)).toEqual([])
    expect(await deleteCaches(nowhere, () => true)).toEqual([])
  })
})

describe('a filter', () => {
  test.each([
    ['that is async', () => Promise.resolve(false)],
    ['that returns nothing', () => undefined],
    ['that returns what is truthy', () => 'yes'],
    ['that is async and fails', () => Promise.reject(new Error('no'))],
  ])('%s is told so, and nothing is removed', async (_, filter) => {
    await stored('a', NOW)
    await stored('b', NOW)
    let asked = 0
    // The first answer is one.
    const isWanted = (() => ((asked += 1) === 1 ? true : filter())) as () => boolean
    await expect(deleteCaches(env, isWanted)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', retryable: false })
    expect(scopes()).toEqual(['a', 'b'])
  })

  test('that throws is told so, and nothing is removed', async () => {
    await stored('a', NOW)
    await stored('b', NOW)
    const isWanted = ({ scope }: { scope: string }): boolean => {
      if (scope === 'a') return true
      throw new Error('no user')
    }
    await expect(deleteCaches(env, isWanted)).rejects.toMatchObject({ code: 'HOOK_FAILED', message: expect.stringContaining('no user') })
    expect(scopes()).toEqual(['a', 'b'])
  })
})
