import { describe, expect, test } from 'vitest'
import { createStateSchema, createStreamDB, type CreateStreamDBOptions } from '../../src/main/index.ts'
import { cacheName, stateFingerprint } from '../../src/shared/names.ts'
import type { ConnectMessage } from '../../src/shared/calls.ts'
import { settingsKey, type StreamSettings } from '../../src/shared/settings.ts'
import { schema } from '../support/schema.ts'
import { scriptedSettings } from './scripted-engine.ts'

type Options = CreateStreamDBOptions
const URL_ = 'https://example.com/s'

/** The settings that an engine is told of a StreamDB with these options. */
async function settingsOf({ streamOptions, ...options }: Partial<Options>): Promise<StreamSettings> {
  let tell: (message: ConnectMessage) => void = () => undefined
  const told = new Promise<ConnectMessage>((resolve) => {
    tell = resolve
  })
  const worker = { postMessage: tell, addEventListener: () => undefined, removeEventListener: () => undefined, terminate: () => undefined }
  const db = createStreamDB({ state: schema, ...options, streamOptions: { url: URL_, ...streamOptions }, worker: () => worker as unknown as Worker })
  db.preload().catch(() => undefined)
  const { hello } = await told
  db.close()
  return structuredClone(hello.settings)
}

const users = { schema: schema.users.schema, type: 'user', primaryKey: 'id' } as const
const items = { schema: schema.items.schema, type: 'item', primaryKey: 'id' } as const
const backoff = { initialDelay: 5, maxDelay: 20, multiplier: 2 }

describe('options that mean the same', () => {
  test.each<[string, Partial<Options>, Partial<Options>]>([
    ['collections in another order', { state: createStateSchema({ users, items }) }, { state: createStateSchema({ items, users }) }],
    ['a definition’s fields in another order', {}, { state: createStateSchema({ items: { primaryKey: 'id', type: 'item', schema: items.schema }, users }) }],
    ['another way to hold the same rows', {}, { state: createStateSchema({ users: { ...users, syncMode: 'on-demand' }, items }) }],
    ['live as it is', {}, { live: true }],
    ['the way that true polls', {}, { live: 'long-poll' }],
    ['no scope', {}, { scope: '' }],
    ['the cache as it is', {}, { cache: true }],
    ['the cache with no settings', {}, { cache: {} }],
    ['the cache with its defaults', {}, { cache: { version: '', durability: 'relaxed' } }],
    ['the cache, kept unused for 30 days', {}, { cache: { keepUnusedMs: 30 * 24 * 60 * 60 * 1000 } }],
    ['a cache that is kept for ever', { cache: { keepUnusedMs: false } }, { cache: { keepUnusedMs: Infinity } }],
    ['the cache with settings that are undefined', {}, { cache: { version: undefined, durability: undefined } as object }],
    ['the pause as it is', {}, { pauseWhenHidden: 60_000 }],
    ['a pause that never comes', { pauseWhenHidden: false }, { pauseWhenHidden: Infinity }],
    ['a pause that no timer can wait', { pauseWhenHidden: false }, { pauseWhenHidden: 2 ** 31 }],
    ['batching as it is', {}, { streamOptions: { url: URL_, batching: true } }],
    ['a back-off’s fields in another order', { streamOptions: { url: URL_, backoffOptions: backoff } }, { streamOptions: { url: URL_, backoffOptions: { multiplier: 2, maxDelay: 20, initialDelay: 5 } } }],
    ['the limit of silence as it is', {}, { silenceTimeoutMs: 45_000 }],
    ['options that are undefined', {}, { live: undefined, scope: undefined, cache: undefined, pauseWhenHidden: undefined } as object],
    ['a URL object', {}, { streamOptions: { url: new URL(URL_) } }],
    ['a URL that is written in another way', {}, { streamOptions: { url: 'HTTPS://Example.com:443/a/../s#part' } }],
  ])('share an engine and a cache: %s', async (_, one, other) => {
    const [a, b] = [await settingsOf(one), await settingsOf(other)]
    expect(settingsKey(b)).toBe(settingsKey(a))
    expect(cacheName(b.url, b.scope)).toBe(cacheName(a.url, a.scope))
    expect(stateFingerprint(b, true)).toBe(stateFingerprint(a, true))
  })

  test.each<[string, Partial<Options>]>([
    ['scope', { scope: 'user 1' }],
    ['live', { live: 'sse' }],
    ['no live', { live: false }],
    ['no cache', { cache: false }],
    ['another version of the cache', { cache: { version: '2' } }],
    ['durability', { cache: { durability: 'strict' } }],
    ['pause', { pauseWhenHidden: 1 }],
    ['limit of silence', { silenceTimeoutMs: 1000 }],
    ['batching', { streamOptions: { url: URL_, batching: false } }],
    ['a back-off as reads have it, which writes do not', { streamOptions: { url: URL_, backoffOptions: { multiplier: 2, maxDelay: 30_000, initialDelay: 500 } } }],
    ['back-off', { streamOptions: { url: URL_, backoffOptions: backoff } }],
    ['content type', { streamOptions: { url: URL_, contentType: 'application/json' } }],
    ['search', { streamOptions: { url: `${URL_}?a=b` } }],
  ])('and others do not: %s', async (_, options) => {
    expect(settingsKey(await settingsOf(options))).not.toBe(settingsKey(await settingsOf({})))
  })
})

test('an unused cache is kept for 30 days, for as long as is said, or for ever', async () => {
  const kept = async (cache: Options['cache']): Promise<number | null | undefined> => (await settingsOf({ cache: cache! })).cache?.keepUnusedMs
  expect(await kept({})).toBe(30 * 24 * 60 * 60 * 1000)
  expect(await kept({ keepUnusedMs: 5 })).toBe(5)
  expect(await kept({ keepUnusedMs: false })).toBe(null)
})

test('the key is the same for settings as another build of the page may send them', () => {
  const settings = scriptedSettings({ cache: { durability: 'relaxed', version: '1', keepUnusedMs: null } })
  const reversed = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(reversed).reverse()
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, reversed(part)] as const).reverse())
  }
  expect(settingsKey(reversed(settings) as StreamSettings)).toBe(settingsKey(settings))
})
