import type { Segment } from '../../src/worker/core/segment-directory.ts'
import { UnreadableCacheError, type Store, type StoredMeta, type WorkingSet } from '../../src/worker/ports.ts'

/** Everything a store has; null when it has nothing, or nothing that can be understood. */
export async function load(store: Store): Promise<{ meta: StoredMeta; segments: Segment[] } | null> {
  const segments: Segment[] = []
  try {
    const meta = await store.read({ accept: () => true, preview: () => undefined, isPreviewing: () => false, take: (group) => segments.push(...group) })
    return meta && { meta, segments }
  } catch (error) {
    if (error instanceof UnreadableCacheError) return null
    throw error
  }
}

/** The working set, and whether it came before any segment; null when there is none. */
export async function loadWorking(store: Store): Promise<{ working: WorkingSet; isFirst: boolean } | null> {
  let found: { working: WorkingSet; isFirst: boolean } | null = null
  let taken = 0
  await store.read({
    accept: () => true,
    isPreviewing: () => false,
    preview: (working) => (found = { working, isFirst: taken === 0 }),
    take: (group) => (taken += group.length),
  })
  return found
}
