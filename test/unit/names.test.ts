import { getStreamDBCollectionId as peerCollectionId } from '@durable-streams/state/db'
import { describe, expect, test } from 'vitest'
import { CACHE_FORMAT, cacheName, formerCacheNames, getStreamDBCollectionId, NAME_PREFIX, parseCacheName, shownUrl, stateFingerprint } from '../../src/shared/names.ts'
import type { StreamSettings } from '../../src/shared/settings.ts'

const base: StreamSettings = {
  url: 'https://example.com/s',
  scope: '',
  collections: [
    { name: 'users', type: 'user', primaryKey: 'id' },
    { name: 'items', type: 'item', primaryKey: 'id' },
  ],
  live: true,
  contentType: 'application/json',
  batching: true,
  backoff: null,
  cache: { durability: 'relaxed', version: '', keepUnusedMs: null },
  pauseWhenHidden: null,
    silenceTimeoutMs: 45_000,
}
const [users, items] = base.collections as [StreamSettings['collections'][0], StreamSettings['collections'][0]]
const fingerprint = (change: Partial<StreamSettings> = {}, validated = false): string => stateFingerprint({ ...base, ...change }, validated)

const RELEVANT: Record<string, [Partial<StreamSettings>, boolean?]> = {
  'a collection more': [{ collections: [users, items, { name: 'more', type: 'more', primaryKey: 'id' }] }],
  'a collection less': [{ collections: [users] }],
  'another name': [{ collections: [{ ...users, name: 'people' }, items] }],
  'another type': [{ collections: [{ ...users, type: 'person' }, items] }],
  'another primary key': [{ collections: [{ ...users, primaryKey: 'key' }, items] }],
  'types exchanged': [{ collections: [{ ...users, type: 'item' }, { ...items, type: 'user' }] }],
  'another version': [{ cache: { durability: 'relaxed', version: '2', keepUnusedMs: null } }],
  'validation switched on': [{}, true],
}
const IRRELEVANT: Record<string, Partial<StreamSettings>> = {
  'another order': { collections: [items, users] },
  'another url': { url: 'https://example.com/other' },
  'another scope': { scope: 'me' },
  'another live mode': { live: 'sse' },
  'another content type': { contentType: null },
  'no batching': { batching: false },
  'another back-off': { backoff: { initialDelay: 1, maxDelay: 2, multiplier: 3 } },
  'another durability': { cache: { durability: 'strict', version: '', keepUnusedMs: 1000 } },
}

describe('the fingerprint of a state', () => {
  test.each(Object.entries(RELEVANT))('changes with %s', (_, [change, validated]) => {
    expect(fingerprint(change, validated)).not.toBe(fingerprint())
  })

  test.each(Object.entries(IRRELEVANT))('does not change with %s', (_, change) => {
    expect(fingerprint(change)).toBe(fingerprint())
  })

  test('differs for all of these', () => {
    const all = Object.values(RELEVANT).map(([change, validated]) => fingerprint(change, validated))
    expect(new Set([...all, fingerprint()]).size).toBe(all.length + 1)
  })

  test('keeps apart names that run together', () => {
    const collections = (name: string, type: string) => ({ collections: [{ name, type, primaryKey: 'id' }] })
    expect(fingerprint(collections('a', 'b","c'))).not.toBe(fingerprint(collections('a","b', 'c')))
  })
})

describe('names', () => {
  test('of a cache differ by stream and by scope, and not by how these run together', () => {
    const names = [cacheName('u', ''), cacheName('u', 's'), cacheName('v', ''), cacheName('a","b', ''), cacheName('b', 'a","'), cacheName('', 'u')]
    expect(new Set(names).size).toBe(names.length)
    expect(cacheName('u', 's')).toBe(cacheName('u', 's'))
    for (const name of names) expect(name.startsWith(`${NAME_PREFIX}:`)).toBe(true)
  })

  test('of a cache do not show what may be a credential in a URL, and differ by it', () => {
    const urls = ['https://h/s?token=canary', 'https://h/s?token=canary2', 'https://canary:canary@h/s', 'https://h/s', 'https://h/s?', 'https://h/a@canary']
    const names = urls.map((url) => cacheName(url, 'me'))
    expect(new Set(names).size).toBe(urls.length)
    expect(names.slice(0, 5).join().includes('canary')).toBe(false)
    expect(shownUrl('https://h:1/s/a@b')).toBe('https://h:1/s/a@b')
    expect(shownUrl('https://h/s?a=1')).toMatch(/^https:\/\/h\/s\?~[0-9a-f]{32}$/)
  })

  test('of a cache can be read again, of every format', () => {
    expect(parseCacheName(cacheName('https://h/s', 'a"b'))).toEqual({ format: CACHE_FORMAT, url: 'https://h/s', scope: 'a"b' })
    expect(formerCacheNames('https://h/s', 'me').map(parseCacheName)).toEqual(Array.from({ length: CACHE_FORMAT - 1 }, (_, index) => ({ format: index + 1, url: 'https://h/s', scope: 'me' })))
    expect(formerCacheNames('https://h/s?k=1', 'me')).toContain(`sidestream:${String(CACHE_FORMAT)}:["me","https://h/s?k=1"]`)
    for (const name of ['sidestream:caches', 'sidestream:3:leader:x', 'other:1:["a","b"]', 'sidestream:1:[1]', 'sidestream:1:[']) expect(parseCacheName(name)).toBeNull()
  })

  test('of collections are the peer’s', () => {
    expect(getStreamDBCollectionId('https://example.com/s', 'users')).toBe(peerCollectionId('https://example.com/s', 'users'))
  })
})
