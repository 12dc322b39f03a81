import type { StreamSettings } from './protocol.ts'

/** Part of every stored name: an old tab and a new one never share a database, so an upgrade can never block. */
const CACHE_FORMAT = 2

/** Prefix of all databases and locks of this library, of every format. */
export const NAME_PREFIX = 'sidestream'

/** Name of the database that caches a stream for a scope. */
export function cacheName(url: string, scope: string): string {
  return `${NAME_PREFIX}:${String(CACHE_FORMAT)}:${JSON.stringify([scope, url])}`
}

/** Id of a TanStack DB collection; the form of `getStreamDBCollectionId` in @durable-streams/state. */
export function getStreamDBCollectionId(streamUrl: string, collectionName: string): string {
  return `stream-db:${streamUrl}:${collectionName}`
}

/**
 * Identifies what stored rows mean. Any difference (a collection added or removed, a type or a primary key changed,
 * validation or a transform switched on, another cache version) makes a stored snapshot unusable.
 */
export function stateFingerprint(settings: StreamSettings, validated: boolean, transformed = false): string {
  const shapes = settings.collections
    .map(({ name, type, primaryKey }) => [name, type, primaryKey])
    .sort(([a], [b]) => (a! < b! ? -1 : 1))
  return JSON.stringify([CACHE_FORMAT, validated, settings.cache?.version ?? '', shapes, ...(transformed ? ['transformed'] : [])])
}
