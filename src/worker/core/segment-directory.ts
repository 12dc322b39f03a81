import type { RowDiff } from '../../shared/row-diff.ts'
import type { RowData } from '../../shared/row.ts'
import type { State } from './materialize.ts'

/**
 * One stored record: changed rows of one collection, and keys of removed rows (tombstones). Segments are read in order of id: a
 * later segment's row or tombstone replaces an earlier one.
 */
export interface Segment {
  readonly id: number
  readonly collection: string
  readonly rows: ReadonlyArray<RowData>
  readonly deleted: ReadonlyArray<string>
}

/** The segments that a commit stores, and the ids of those that it deletes. */
export interface SegmentPlan {
  readonly puts: ReadonlyArray<Segment>
  readonly drops: ReadonlyArray<number>
}

/** The most entries (rows and tombstones) of a segment. */
export const SEGMENT_ENTRIES = 1000
/** The most entries that one plan moves, which limits a commit's extra work. */
const MOVED_ENTRIES = 4 * SEGMENT_ENTRIES
/** How many segments of less than half their capacity a collection may have before they are merged. */
const THIN_SEGMENTS = 16

interface SegmentInfo {
  readonly id: number
  readonly keys: ReadonlyArray<string>
  /** Keys whose newest entry is in this segment. */
  live: number
}

interface CollectionInfo {
  /** In order of id. */
  readonly segments: Map<number, SegmentInfo>
  /** Key → the segment with its newest entry, which may be a tombstone. */
  readonly newest: Map<string, number>
  /**
   * Key → how many stored entries it has. Only exceptions are listed: a key in `newest` has one entry, any other key none. A
   * tombstone that is its key's only entry hides nothing and is forgotten: the key leaves `newest`, and the entry stays until its
   * segment is deleted. Otherwise keys that come and go would accumulate for ever.
   */
  readonly copies: Map<string, number>
  entries: number
}

/**
 * Knows which segment holds each key, without reading segments back. Plans each commit: segments for the changed rows, and a
 * limited amount of cleaning, so that the stored entries stay within a small factor of the live ones. A moved row's value comes
 * from the state, so a plan is valid only in a commit at the state's offset.
 */
export class SegmentDirectory {
  readonly #collections = new Map<string, CollectionInfo>()
  #nextId = 1

  /** Adds segments that were read from the store, in order of id. */
  adopt(segments: ReadonlyArray<Segment>, keyOf: (collection: string, row: RowData) => string): void {
    for (const { id, collection, rows, deleted } of segments) {
      const keys = rows.map((row) => keyOf(collection, row))
      this.#add(collection, id, [...keys, ...deleted])
    }
    for (const { id, collection, deleted } of segments) {
      const info = this.#collection(collection)
      for (const key of deleted) if (info.newest.get(key) === id && copiesOf(info, key) === 1) this.#forget(info, key)
    }
  }

  /** Plans a commit of `changes`, and cleaning. */
  plan(changes: RowDiff, state: State): SegmentPlan {
    const puts: Segment[] = []
    const drops: number[] = []
    for (const [collection, rows] of changes.entries()) {
      const info = this.#collection(collection)
      const keys: string[] = []
      // A removed key that was never stored needs no tombstone.
      for (const [key, row] of rows) if (row !== null || info.newest.has(key)) keys.push(key)
      this.#write(collection, keys, (key) => rows.get(key) ?? null, puts)
    }
    for (const [collection, info] of this.#collections) {
      const rows = state.rows.get(collection)
      this.#sweep(info, rows, drops)
      const moved = this.#thin(info)
      if (moved.length === 0) continue
      const keys: string[] = []
      for (const segment of moved) {
        for (const key of segment.keys) if (info.newest.get(key) === segment.id) keys.push(key)
      }
      this.#write(collection, keys, (key) => rows?.get(key) ?? null, puts)
      this.#sweep(info, rows, drops)
    }
    // A segment can be written and swept within one plan.
    const dropped = new Set(drops)
    const written = new Set(puts.map(({ id }) => id))
    return { puts: puts.filter(({ id }) => !dropped.has(id)), drops: drops.filter((id) => !written.has(id)) }
  }

  /** How many segments and entries a collection has, and how many of the entries are the newest of their keys. */
  countOf(collection: string): { readonly segments: number; readonly entries: number; readonly live: number } {
    const { segments, entries, newest } = this.#collection(collection)
    return { segments: segments.size, entries, live: newest.size }
  }

  /** Plans a commit of the whole state; the same commit deletes all stored segments. */
  planAll(state: State): SegmentPlan {
    this.#collections.clear()
    const puts: Segment[] = []
    for (const [collection, rows] of state.rows) {
      // In order of key, because a TanStack DB collection takes rows in that order fastest when they are read back.
      this.#write(collection, [...rows.keys()].sort(), (key) => rows.get(key) ?? null, puts, true)
    }
    return { puts, drops: [] }
  }

  /** Whether another plan would move entries although no row has changed. */
  get needsCleaning(): boolean {
    for (const info of this.#collections.values()) if (this.#thin(info).length > 0) return true
    return false
  }

  /** @param areNew none of the keys has an entry */
  #write(collection: string, keys: ReadonlyArray<string>, valueOf: (key: string) => RowData | null, puts: Segment[], areNew = false): void {
    for (let start = 0; start < keys.length; start += SEGMENT_ENTRIES) {
      const part = keys.slice(start, start + SEGMENT_ENTRIES)
      const rows: RowData[] = []
      const deleted: string[] = []
      for (const key of part) {
        const row = valueOf(key)
        if (row === null) deleted.push(key)
        else rows.push(row)
      }
      const id = this.#nextId
      this.#add(collection, id, part, areNew)
      puts.push({ id, collection, rows, deleted })
    }
  }

  #add(collection: string, id: number, keys: ReadonlyArray<string>, areNew = false): void {
    const info = this.#collection(collection)
    for (const key of keys) {
      const copies = areNew ? 0 : copiesOf(info, key)
      if (copies > 0) info.copies.set(key, copies + 1)
      const before = areNew ? undefined : info.newest.get(key)
      if (before !== undefined) info.segments.get(before)!.live -= 1
      info.newest.set(key, id)
    }
    info.segments.set(id, { id, keys, live: keys.length })
    info.entries += keys.length
    this.#nextId = Math.max(this.#nextId, id + 1)
  }

  /**
   * Drops segments without a newest entry. A dropped segment can leave a tombstone that hides nothing, and so an idle segment.
   */
  #sweep(info: CollectionInfo, rows: ReadonlyMap<string, RowData> | undefined, drops: number[]): void {
    for (;;) {
      const idle = [...info.segments.values()].filter(({ live }) => live === 0)
      if (idle.length === 0) return
      for (const { id, keys } of idle) {
        info.segments.delete(id)
        info.entries -= keys.length
        drops.push(id)
        for (const key of keys) {
          const copies = copiesOf(info, key) - 1
          if (copies > 1) info.copies.set(key, copies)
          else if (copies === 1 && !info.newest.has(key)) info.copies.set(key, 1)
          else {
            info.copies.delete(key)
            if (copies === 1 && !rows?.has(key)) this.#forget(info, key)
          }
        }
      }
    }
  }

  #forget(info: CollectionInfo, key: string): void {
    const id = info.newest.get(key)
    if (id === undefined) return
    info.newest.delete(key)
    info.copies.set(key, 1)
    info.segments.get(id)!.live -= 1
  }

  /** The segments to merge now: the thinnest ones, when over half of all entries are stale, or when thin segments are many. */
  #thin(info: CollectionInfo): ReadonlyArray<SegmentInfo> {
    const thin: SegmentInfo[] = []
    for (const segment of info.segments.values()) if (segment.live < SEGMENT_ENTRIES / 2) thin.push(segment)
    const wasteful = info.entries > 2 * info.newest.size + SEGMENT_ENTRIES
    if (thin.length <= THIN_SEGMENTS && !wasteful) return []
    const candidates = wasteful ? [...info.segments.values()].filter(({ live, keys }) => live < keys.length) : thin
    candidates.sort((a, b) => a.live - b.live)
    const moved: SegmentInfo[] = []
    let entries = 0
    for (const segment of candidates) {
      if (entries + segment.live > MOVED_ENTRIES) break
      entries += segment.live
      moved.push(segment)
    }
    return moved
  }

  #collection(name: string): CollectionInfo {
    let info = this.#collections.get(name)
    if (!info) this.#collections.set(name, (info = { segments: new Map(), newest: new Map(), copies: new Map(), entries: 0 }))
    return info
  }
}

const copiesOf = (info: CollectionInfo, key: string): number => info.copies.get(key) ?? (info.newest.has(key) ? 1 : 0)
