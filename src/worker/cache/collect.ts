import { formerCacheNames, NAME_PREFIX, parseCacheName, shownUrl } from '../../shared/names.ts'
import type { StorageEnv } from '../ports.ts'

/** The cache of the engine that collects. */
export interface Collector {
  readonly url: string
  readonly scope: string
  /** For databases that nobody has noted anything of, ms; null keeps them. */
  readonly keepMs: number | null
}

/** A time of use further ahead than this, ms, was noted before the wall clock was set back. */
const MOST_AHEAD_MS = 24 * 60 * 60 * 1000

/**
 * Removes caches that nothing has used for long, that were to be removed and are still there, and what earlier formats have
 * left of the collector's own stream. One whose lock is held is in use. Never rejects: it is tried again by the next engine.
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
    // Nothing depends on it.
  }
}

/** Databases that are in no registry, from earlier versions of this library: known from now on, where the browser lists them. */
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
    else if (doomed || (keepMs !== null && now - usedAt > keepMs)) await removeUnlessHeld(env, record.name)
  }
}

async function removeUnlessHeld(env: StorageEnv, name: string): Promise<void> {
  const lock = await env.locks.take(name)
  if (!lock) return
  try {
    await env.deleteStore(name)
    await env.registry.drop(name)
  } catch {
    // The others are tried all the same.
  } finally {
    lock.release()
  }
}
