import { SegmentDirectory, type Segment } from '../../src/worker/core/segment-directory.ts'
import { emptyState } from '../../src/worker/core/materialize.ts'
import type { Clock } from '../../src/worker/ports.ts'
import { IdbStore } from '../../src/worker/store/idb-store.ts'
import type { RowData } from '../../src/shared/row.ts'
import { serve } from './serve.ts'

const COLLECTION = 'rows'
const shape = { name: COLLECTION, type: 'row', primaryKey: 'id' }

const clock: Clock = {
  now: () => performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs)
    return () => {
      clearTimeout(timer)
    }
  },
}

const openStore = (): Promise<IdbStore> => IdbStore.open('segments', 'relaxed', clock)

// The library's own path from rows to a commit and back, without the engine around it.
serve({
  async write(rows) {
    const state = emptyState([shape], 'reading')
    state.rows.set(COLLECTION, rows as unknown as Map<string, RowData>)
    const store = await openStore()
    const { puts, drops } = new SegmentDirectory().planAll(state)
    const meta = { writer: 'bench', since: 0, fingerprint: 'bench', offset: '-1', branches: state.lineage.branches, marks: state.marks, removals: state.removals.stored(), complete: true, txids: [], anchor: null }
    await store.commit({ meta, puts, drops, replace: true, working: null, expectedWriter: null })
    store.close()
  },
  async read() {
    const store = await openStore()
    const rows = new Map<string, RowData>()
    const segments: Segment[] = []
    const meta = await store.read({
      accept: () => true, preview: () => undefined, isPreviewing: () => false,
      take: (group) => {
        segments.push(...group)
        for (const segment of group) for (const row of segment.rows) rows.set(row['id'] as string, row)
      },
    })
    if (!meta) throw new Error('nothing is stored')
    new SegmentDirectory().adopt(segments, (_, row) => row['id'] as string)
    store.close()
    return rows
  },
})
