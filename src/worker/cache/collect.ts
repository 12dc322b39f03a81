import { formerCacheNames, NAME_PREFIX, outboxOf, parseCacheName, shownUrl } from '../../shared/names.ts'
import type { StorageEnv } from '../ports.ts'
import { countStoredWrites } from './stored-writes.ts'

/** The cache of the engine that collects. */
export interface Collector {
  readonly url: string
  readonly scope: string
  /** How long to keep unused databases that the registry does not know, ms; null keeps them. */
  readonly keepMs: number | null
}

/** A time of use further ahead of the wall clock than this, ms, was noted before the clock was set back. */
const MOST_AHEAD_MS = 24 * 60 * 60 * 1000

/**
 * Deletes three kinds of caches: those that nothing has used for long, those that were cleared and are still there, and those of
 * earlier formats of the collector's own stream. A cache whose lock is held is in use and stays. Never rejects: the next engine
 * tries again.
 */
export async function collectCaches(env: StorageEnv, collector: Collector): Promise<void> {
  try {
    const guard = await env.locks.take(`${NAME_PREFIX}:collect`)
    if (!guard) return
    try {
      await noteUnknown(env, collector)
      await removeUnused(env)
      if (env.locks.areReal) for (const name of formerCacheNames(collector.url, collector.scope)) await removeUnlessHeld(env, name)
    } finally {
      guard.release()
    }
  } catch {
    // Nothing depends on it: the next engine collects.
  }
}

/** Notes databases of earlier versions of this library in the registry, where the browser lists databases. */
async function noteUnknown(env: StorageEnv, { url, scope, keepMs }: Collector): Promise<void> {
  const known = new Set([...(await env.registry.list()).map(({ name }) => name), ...formerCacheNames(url, scope)])
  for (const name of await env.storeNames()) {
    const parsed = known.has(name) ? null : parseCacheName(name)
    if (parsed) await env.registry.touch({ name, format: parsed.format, scope: parsed.scope, url: shownUrl(parsed.url), usedAt: env.wallNow(), keepMs })
  }
}

async function removeUnused(env: StorageEnv): Promise<void> {
  const now = env.wallNow()
  for (const { doomed, ...record } of await env.registry.list()) {
    const { usedAt, keepMs } = record
    if (usedAt > now + MOST_AHEAD_MS) await env.registry.touch({ ...record, usedAt: now })
    else if (doomed) await removeUnlessHeld(env, record.name, outboxOf(record.name))
    else if (keepMs !== null && now - usedAt > keepMs) {
      const outbox = outboxOf(record.name)
      // An outbox with writes stays: they are nowhere else.
      const hasWrites = (await countStoredWrites(env, outbox)) > 0
      await removeUnlessHeld(env, record.name, ...(hasWrites ? [] : [outbox]))
    }
  }
}

async function removeUnlessHeld(env: StorageEnv, name: string, ...others: ReadonlyArray<string>): Promise<void> {
  const lock = await env.locks.take(name)
  if (!lock) return
  try {
    for (const each of [name, ...others]) await env.deleteStore(each)
    await env.registry.drop(name)
  } catch {
    // The next engine tries again; one failure must not keep the other caches.
  } finally {
    lock.release()
  }
}
