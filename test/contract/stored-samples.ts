import type { Segment } from '../../src/worker/core/segment-directory.ts'
import type { StoredMeta, StoreWrite, WorkingSet } from '../../src/worker/ports.ts'

export const meta = (offset: string, writer = 'writer'): StoredMeta => ({
  writer,
  since: 1,
  fingerprint: 'fingerprint',
  offset,
  branches: [{ id: 'branch', seq: 0, digest: 0 }],
  removals: { floor: 0, entries: [{ seq: 0, collection: 'items', key: 'gone' }] },
  marks: { seq: 1, digest: 7, snapshotStart: null, quarantined: { count: 0, lastReason: null }, unknown: 0 },
  complete: true,
  txids: ['t1', 't2'],
  anchor: { offset: '0', events: 1, digest: 'd' },
})

export const segment = (id: number, rows: Segment['rows'] = [{ id: `row-${String(id)}`, _seq: id }], deleted: string[] = []): Segment => ({
  id,
  collection: 'items',
  rows,
  deleted,
})

/** A commit of these segments at this offset; everything else may be overridden. */
export const write = (offset: string, puts: Segment[] = [], rest: Partial<StoreWrite> = {}): StoreWrite => ({
  meta: meta(offset),
  puts,
  drops: [],
  replace: false,
  working: null,
  expectedWriter: null,
  ...rest,
})

export const working = (name: string): WorkingSet => [{ key: name, collection: 'items', rows: [{ id: name, _seq: 1 }], edge: 7, whole: false }]
