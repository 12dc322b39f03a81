import { parseStateEvent, type ChangeEvent } from '../../shared/events.ts'
import type { InvalidEvent } from '../../shared/batch.ts'
import type { CollectionShape } from '../../shared/settings.ts'
import { RowDiff } from '../../shared/row-diff.ts'
import type { RowData } from '../../shared/row.ts'
import type { Transform } from '../../shared/transform.ts'
import { isEventTooDeep, isTooDeep, MOST_VALUE_LEVELS } from './depth.ts'
import { digestOf, Lineage } from './lineage.ts'
import { Removals } from './removals.ts'
import { notePastDigest, type PastDigest } from './past-digests.ts'
import { transformed } from './transform.ts'

/** @returns why a schema refuses a value; null when it accepts the value */
export type Validator = (value: unknown) => string | null

/** How events become rows: the collections, their validators, the transform. */
export interface MaterializeOptions {
  /** Event type → its collection. */
  readonly byType: ReadonlyMap<string, CollectionShape>
  /** Collection name → its validator; a collection without a validator accepts any row. */
  readonly validators: ReadonlyMap<string, Validator>
  /** Changes events before they are materialized. */
  readonly transform?: Transform | null
}

/** The part of the state that is not rows. Stored beside the offset, so that the next engine can materialize on from there. */
export interface Marks {
  /** Change events materialized so far; the next row's `_seq`. */
  readonly seq: number
  /** Digest of all materialized events; see `Lineage`. */
  readonly digest: number
  /** Digests after some of the events; see `mayBeOlder`. Absent in a cache of an earlier version. */
  readonly pastDigests?: ReadonlyArray<PastDigest>
  /** `seq` at the last `snapshot-start`; null outside of a snapshot. */
  readonly snapshotStart: number | null
  readonly quarantined: { readonly count: number; readonly lastReason: string | null }
  readonly unknown: number
}

/** Rows by collection and key, with their marks. Rows are replaced, never changed in place. */
export interface State {
  readonly lineage: Lineage
  readonly rows: Map<string, Map<string, RowData>>
  readonly removals: Removals
  marks: Marks
}

/** A state as tabs see it: pending changes may be laid over its rows. */
export interface VisibleState {
  readonly lineage: Lineage
  readonly rows: ReadonlyMap<string, ReadonlyMap<string, RowData>>
  readonly removals: Removals
  readonly marks: Marks
}

export interface Materialized {
  readonly diff: RowDiff
  /** Transaction ids of the events that were not quarantined. */
  readonly txids: ReadonlyArray<string>
  /** Quarantined events, the first {@link REPORTED_EVENTS} of the batch. */
  readonly invalid: ReadonlyArray<InvalidEvent>
}

/** Called before a row changes. @param before the row as it is; null when there is none */
export type NoteChange = (collection: string, key: string, before: RowData | null) => void

const ignore: NoteChange = () => undefined

/** The most reports of one batch that are passed on; the count in the marks is always complete. */
export const REPORTED_EVENTS = 100

const NO_MARKS: Marks = { seq: 0, digest: 0, pastDigests: [], snapshotStart: null, quarantined: { count: 0, lastReason: null }, unknown: 0 }

/** @param id id of the branch that begins here */
export function emptyState(collections: ReadonlyArray<CollectionShape>, id: string): State {
  return {
    lineage: Lineage.root(id),
    rows: new Map(collections.map(({ name }) => [name, new Map<string, RowData>()])),
    removals: new Removals(),
    marks: NO_MARKS,
  }
}

export function countStateRows(state: State): number {
  let count = 0
  for (const rows of state.rows.values()) count += rows.size
  return count
}

/**
 * Materializes a batch of stream items into the state (State Protocol 6) and returns the row diff. The last write wins: an
 * insert of an existing key, an update of a missing key or a delete of a missing key is never an error. No item stops the
 * batch: a malformed or refused event is quarantined.
 *
 * Rows carry `_seq`, the number of the change event that wrote them. With it a snapshot ends cheaply, also in another engine than
 * the one in which it started: rows that the snapshot did not mention have a `_seq` below the number at `snapshot-start`.
 * @param offset the offset of the batch, for its reports
 * @param note called for every row that is about to change
 */
export function materialize(state: State, items: ReadonlyArray<unknown>, offset: string, rules: MaterializeOptions, note: NoteChange = ignore): Materialized {
  const diff = new RowDiff()
  const txids = new Set<string>()
  const invalid: InvalidEvent[] = []
  let { seq, digest, pastDigests = [], snapshotStart, quarantined, unknown } = state.marks

  const quarantine = (code: InvalidEvent['code'], reason: string, event: unknown): void => {
    quarantined = { count: quarantined.count + 1, lastReason: reason }
    if (invalid.length < REPORTED_EVENTS) invalid.push({ code, reason, offset, event: isEventTooDeep(event) ? null : event })
  }

  const count = (collection: string, key: string, value: object | null): void => {
    seq += 1
    digest = digestOf(digest, collection, key, value)
    state.lineage.note(seq, digest)
    pastDigests = notePastDigest(pastDigests, seq, digest)
  }

  const change = (event: ChangeEvent): void => {
    const { type, key, headers } = event
    const shape = rules.byType.get(type)
    if (shape) {
      const rows = state.rows.get(shape.name)!
      if (headers.operation === 'delete') {
        const before = rows.get(key)
        if (before) {
          note(shape.name, key, before)
          rows.delete(key)
          diff.set(shape.name, key, null)
          state.removals.note(seq, shape.name, key)
        }
        count(shape.name, key, null)
      } else {
        const { value } = event
        if (typeof value !== 'object' || value === null || Array.isArray(value)) {
          quarantine('NOT_A_ROW', `the value of ${type} "${key}" is not an object`, event)
          return
        }
        if (isTooDeep(value)) {
          quarantine('NOT_A_ROW', `the value of ${type} "${key}" is nested more than ${String(MOST_VALUE_LEVELS)} levels deep`, event)
          return
        }
        const refusal = refusalOf(rules.validators.get(shape.name), value, shape.primaryKey, key)
        if (refusal !== null) {
          quarantine('REFUSED', `the schema refuses ${type} "${key}": ${refusal}`, event)
          return
        }
        const row = stamp(value, shape.primaryKey, key, seq)
        count(shape.name, key, value)
        note(shape.name, key, rows.get(key) ?? null)
        rows.set(key, row)
        diff.set(shape.name, key, row)
      }
    } else {
      unknown += 1
    }
    if (typeof headers.txid === 'string') txids.add(headers.txid)
  }

  const take = (event: ChangeEvent): void => {
    const outcome = rules.transform ? transformed(rules.transform, event) : ({ kind: 'change', event } as const)
    if (outcome.kind === 'change') change(outcome.event)
    else if (outcome.kind === 'failed') quarantine('TRANSFORM_FAILED', outcome.reason, event)
    else if (typeof event.headers.txid === 'string') txids.add(event.headers.txid)
  }

  const remove = (isGone: (row: RowData) => boolean): void => {
    for (const [collection, rows] of state.rows) {
      for (const [key, row] of rows) {
        if (!isGone(row)) continue
        note(collection, key, row)
        rows.delete(key)
        diff.set(collection, key, null)
        state.removals.note(seq, collection, key)
      }
    }
  }

  for (const item of items) {
    const parsed = parseStateEvent(item)
    switch (parsed.kind) {
      case 'malformed':
        quarantine('MALFORMED', parsed.reason, item)
        break
      case 'change':
        take(parsed.event)
        break
      case 'control':
        digest = digestOf(digest, parsed.event.headers.control)
        state.lineage.note(seq, digest)
        switch (parsed.event.headers.control) {
          case 'reset':
            remove(() => true)
            break
          case 'snapshot-start':
            snapshotStart = seq
            break
          case 'snapshot-end':
            if (snapshotStart !== null) {
              const start = snapshotStart
              remove((row) => (row['_seq'] as number) < start)
            }
            snapshotStart = null
            break
        }
        break
    }
  }

  state.marks = { seq, digest, pastDigests, snapshotStart, quarantined, unknown }
  return { diff, txids: [...txids], invalid }
}

/** The row diff that turns `before` into `after`. Every row of `after` is in it, also when it is the same in `before`. */
export function diffStates(before: State, after: State): RowDiff {
  const diff = new RowDiff()
  for (const [collection, rows] of before.rows) {
    const kept = after.rows.get(collection)
    for (const key of rows.keys()) if (!kept?.has(key)) diff.set(collection, key, null)
  }
  for (const [collection, rows] of after.rows) diff.foldRows(collection, rows)
  return diff
}

/**
 * Why the schema refuses a value; null when it accepts it. State Protocol events need not repeat the key in the value: a value
 * that lacks it is also accepted when the schema accepts it together with the key.
 */
export function refusalOf(validator: Validator | undefined, value: object, primaryKey: string, key: string): string | null {
  const refusal = validator?.(value) ?? null
  if (refusal === null || Object.hasOwn(value, primaryKey)) return refusal
  const row = { ...value }
  define(row, primaryKey, key)
  return validator?.(row) ?? null
}

export function stamp(value: object, primaryKey: string, key: string, seq: number): RowData {
  // `_seq` comes first, because a field added to a copied object costs more than the copy. The value may have a `_seq` of its
  // own.
  const row: Record<string, unknown> = { _seq: seq, ...value }
  if (row[primaryKey] !== key || !Object.hasOwn(row, primaryKey)) define(row, primaryKey, key)
  if (row['_seq'] !== seq) row['_seq'] = seq
  return row
}

/** Assignment to `__proto__` would run a setter; any other field is a plain assignment, which is much faster. */
function define(row: object, field: string, value: string): void {
  if (field === '__proto__') Object.defineProperty(row, field, { value, enumerable: true, configurable: true, writable: true })
  else (row as Record<string, unknown>)[field] = value
}
