import { digest } from './digest.ts'
import type { StreamSettings } from './settings.ts'

/** Part of the name of every cache: an old tab and a new tab never share a cache, so an upgrade can never block. */
export const CACHE_FORMAT = 3

/** Prefix of all databases and locks of this library, of every format. */
export const NAME_PREFIX = 'sidestream'

/** Name of the database that caches a stream for a scope. */
export const cacheName = (url: string, scope: string): string => nameIn(CACHE_FORMAT, shownUrl(url), scope)

/** Name of the database of a stream's outbox for a scope. It has no format in it: an outbox is never thrown away. */
export const outboxName = (url: string, scope: string): string => outboxOf(cacheName(url, scope))

/** The name of the outbox that belongs to a cache of any format. */
export const outboxOf = (cache: string): string => cache.replace(/^(\w+):\d+:/, '$1:outbox:')

/** The name, in the present format, of the cache that an outbox belongs to; a name of no outbox is returned as it is. */
export const cacheOf = (name: string): string => name.replace(/^(\w+):outbox:/, `$1:${String(CACHE_FORMAT)}:`)

/** The names of the same cache in earlier versions of this library. */
export function formerCacheNames(url: string, scope: string): string[] {
  const formats = Array.from({ length: CACHE_FORMAT }, (_, index) => index + 1)
  const names = formats.flatMap((format) => [nameIn(format, url, scope), nameIn(format, shownUrl(url), scope)])
  return [...new Set(names)].filter((name) => name !== cacheName(url, scope))
}

/** The parts of a cache's name, in any format; null for other names. */
export function parseCacheName(name: string): { readonly format: number; readonly url: string; readonly scope: string } | null {
  const [, format, rest] = /^sidestream:(\d+):(\[.*\])$/s.exec(name) ?? []
  if (format === undefined || rest === undefined) return null
  try {
    const [scope, url] = JSON.parse(rest) as unknown[]
    return typeof scope === 'string' && typeof url === 'string' ? { format: Number(format), url, scope } : null
  } catch {
    return null
  }
}

const nameIn = (format: number, url: string, scope: string): string => `${NAME_PREFIX}:${String(format)}:${JSON.stringify([scope, url])}`

/**
 * A URL as names and records show it. Its query and user appear as digests, because they may be credentials: all code of the
 * origin sees the names of databases, locks and channels, and database names stay on the disk.
 */
export function shownUrl(url: string): string {
  const [, before = '', user, path = '', query] = /^([a-z][a-z0-9+.-]*:\/\/)?(?:([^/?#@]*)@)?([^?]*)(?:\?(.*))?$/is.exec(url) ?? []
  return `${before}${user === undefined ? '' : `~${digest(user)}@`}${path}${query === undefined ? '' : `?~${digest(query)}`}`
}

/** The id of a TanStack DB collection, in the form of `getStreamDBCollectionId` of @durable-streams/state. */
export function getStreamDBCollectionId(streamUrl: string, collectionName: string): string {
  return `stream-db:${streamUrl}:${collectionName}`
}

/**
 * Identifies the definition of stored rows. Any difference (a collection added or removed, a type or a primary key changed,
 * validation or a transform switched on or off, another cache version) makes a stored snapshot unusable.
 */
export function stateFingerprint(settings: StreamSettings, validated: boolean, transformed = false): string {
  const shapes = settings.collections
    .map(({ name, type, primaryKey }) => [name, type, primaryKey])
    .sort(([a], [b]) => (a! < b! ? -1 : 1))
  return JSON.stringify([CACHE_FORMAT, validated, settings.cache?.version ?? '', shapes, ...(transformed ? ['transformed'] : [])])
}
