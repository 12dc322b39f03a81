import { isRecord, isWrite } from '../../shared/guards.ts'
import { isRowTable, type Rows } from '../../shared/row-table.ts'
import type { Segment } from '../core/segment-directory.ts'
import type { Claim } from '../core/claim.ts'
import type { Moment } from '../core/lineage.ts'
import type { FrozenRequest, OutboxEntry, RecentWrite } from '../core/outbox.ts'
import type { StoredHead } from '../core/stored-phases.ts'
import { type StoredMeta, type StoredOutbox, UnreadableCacheError, type WorkingSet } from '../ports.ts'

/**
 * Stored data outlives the code that wrote it, and any code of the origin can write there. Data of a cache that does not pass its
 * guard is treated as absent, because the stream has every event.
 */
export function isStoredMeta(value: unknown): value is StoredMeta {
  if (!isRecord(value) || !isRecord(value['marks'])) return false
  const { marks, anchor } = value as { marks: Record<string, unknown>; anchor: unknown }
  return (
    isClaim(value) &&
    typeof value['fingerprint'] === 'string' &&
    typeof value['offset'] === 'string' &&
    isBranches(value['branches']) &&
    isRemovalLog(value['removals']) &&
    isStrings(value['txids']) &&
    typeof value['complete'] === 'boolean' &&
    Number.isSafeInteger(marks['seq']) &&
    Number.isSafeInteger(marks['digest']) &&
    (marks['pastDigests'] === undefined || arePastDigests(marks['pastDigests'])) &&
    (marks['snapshotStart'] === null || Number.isSafeInteger(marks['snapshotStart'])) &&
    Number.isSafeInteger(marks['unknown']) &&
    isRecord(marks['quarantined']) &&
    Number.isSafeInteger(marks['quarantined']['count']) &&
    (anchor === null || (isRecord(anchor) && typeof anchor['offset'] === 'string' && typeof anchor['digest'] === 'string' && Number.isSafeInteger(anchor['events'])))
  )
}

/** A segment as it is stored: many rows are columns. */
export type StoredSegment = Omit<Segment, 'rows'> & { readonly rows: Rows }

export function isStoredSegment(value: unknown): value is StoredSegment {
  if (!isRecord(value)) return false
  const { id, collection, rows, deleted } = value
  return Number.isSafeInteger(id) && typeof collection === 'string' && (Array.isArray(rows) ? rows.every(isRecord) : isRowTable(rows)) && isStrings(deleted)
}

export const isWorkingSet = (value: unknown): value is WorkingSet =>
  Array.isArray(value) &&
  value.every(
    (subset) =>
      isRecord(subset) &&
      typeof subset['key'] === 'string' &&
      typeof subset['collection'] === 'string' &&
      Array.isArray(subset['rows']) &&
      subset['rows'].every(isRecord) &&
      typeof subset['whole'] === 'boolean',
  )

export const isClaim = (value: unknown): value is Claim => isRecord(value) && typeof value['writer'] === 'string' && Number.isFinite(value['since'])

export function isOutboxHead(value: unknown): value is StoredHead {
  if (!isRecord(value) || !isRecord(value['producer'])) return false
  const { nextNumber, producer, request, confirmed } = value
  return isNumber(nextNumber) && typeof producer['id'] === 'string' && isCount(producer['epoch']) && isCount(producer['seq']) && (request === null || isFrozenRequest(request)) && (confirmed === undefined || areRuns(confirmed))
}

export const isOutboxEntry = (value: unknown): value is OutboxEntry =>
  isRecord(value) &&
  isNumber(value['number']) &&
  isWrite(value['write']) &&
  (value['phase'] === 'stored' || value['phase'] === 'sent' || value['phase'] === 'confirmed' || value['phase'] === 'parked') &&
  isCount(value['attempts']) &&
  (value['error'] === null || isErrorData(value['error'])) &&
  (value['offset'] === null || typeof value['offset'] === 'string')

/**
 * A stored outbox, as far as it can be understood. The stream does not have what an outbox has: nothing is treated as absent.
 * @param head undefined when none is stored
 * @throws UnreadableCacheError when the head cannot be understood, or is missing beside entries
 */
export function toStoredOutbox(head: unknown, entries: ReadonlyArray<unknown>, recent: unknown): StoredOutbox | null {
  if (head === undefined && entries.length === 0) return null
  if (!isOutboxHead(head)) throw new UnreadableCacheError('the outbox cannot be understood')
  const readable = entries.filter(isOutboxEntry).sort((a, b) => a.number - b.number)
  return { head, entries: readable, recent: toRecentWrites(recent), unreadable: entries.length - readable.length }
}

const toRecentWrites = (recent: unknown): RecentWrite[] => (Array.isArray(recent) ? recent.flatMap((write: unknown) => toRecentWrite(write) ?? []) : [])

function toRecentWrite(write: unknown): RecentWrite | null {
  // At first only the id was stored.
  if (typeof write === 'string') return { id: write, digest: null }
  if (!isRecord(write) || typeof write['id'] !== 'string') return null
  const { id, digest } = write
  return { id, digest: typeof digest === 'number' ? digest : null }
}

const isFrozenRequest = (value: unknown): value is FrozenRequest =>
  isRecord(value) &&
  isCount(value['epoch']) &&
  isCount(value['seq']) &&
  Array.isArray(value['numbers']) &&
  value['numbers'].every(isNumber) &&
  typeof value['body'] === 'string' &&
  typeof value['since'] === 'string' &&
  (value['moment'] === undefined || isMoment(value['moment']))

const isMoment = (value: unknown): value is Moment =>
  isRecord(value) && typeof value['branch'] === 'string' && Number.isSafeInteger(value['seq']) && Number.isSafeInteger(value['digest'])

const areRuns = (value: unknown): boolean =>
  Array.isArray(value) && value.every((run) => isRecord(run) && isNumber(run['first']) && isNumber(run['last']) && (run['offset'] === null || typeof run['offset'] === 'string'))

const isErrorData = (value: unknown): boolean =>
  isRecord(value) && typeof value['code'] === 'string' && typeof value['message'] === 'string' && typeof value['retryable'] === 'boolean'

/** Of an entry: they are counted from 1. */
const isNumber = (value: unknown): value is number => isCount(value) && value > 0

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const isRemovalLog = (value: unknown): boolean =>
  isRecord(value) &&
  Number.isSafeInteger(value['floor']) &&
  Array.isArray(value['entries']) &&
  value['entries'].every(
    (entry) => isRecord(entry) && Number.isSafeInteger(entry['seq']) && typeof entry['collection'] === 'string' && typeof entry['key'] === 'string',
  )

const isBranches = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((branch) => isRecord(branch) && typeof branch['id'] === 'string' && Number.isSafeInteger(branch['seq']) && Number.isSafeInteger(branch['digest']))

const arePastDigests = (value: unknown): boolean =>
  Array.isArray(value) && value.every((past) => isRecord(past) && Number.isSafeInteger(past['seq']) && Number.isSafeInteger(past['digest']))

const isStrings = (value: unknown): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')
