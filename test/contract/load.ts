import type { Segment } from '../../src/worker/core/segment-directory.ts'
import { UnreadableCacheError, type Store, type StoredMeta } from '../../src/worker/store/store.ts'

/** Everything a store has; null when it has nothing, or nothing that can be understood. */
export async function load(store: Store): Promise<{ meta: StoredMeta; segments: Segment[] } | null> {
  const segments: Segment[] = []
  try {
    const meta = await store.read({ accept: () => true, take: (group) => segments.push(...group) })
    return meta && { meta, segments }
  } catch (error) {
    if (error instanceof UnreadableCacheError) return null
    throw error
  }
}
