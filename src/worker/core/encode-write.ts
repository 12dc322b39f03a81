import type { ErrorData } from '../../shared/errors.ts'
import type { CollectionShape } from '../../shared/settings.ts'
import type { RowData } from '../../shared/row.ts'
import type { Mutation, Write } from '../../shared/write.ts'
import { changed } from './overlay.ts'

export interface EncodeOptions {
  /** By name. */
  readonly shapes: ReadonlyMap<string, CollectionShape>
  /** A row with everything that will be in the stream before the write; null when there is no row. */
  readonly before: (collection: string, key: string) => RowData | null
}

/**
 * The events of a write as JSON, with commas between them; each has the write's id as its `txid`. The State Protocol has no
 * partial updates, so a patch becomes an update with the whole row.
 * @returns an error when a row to patch is not there: an update event would bring back half a row
 */
export function encodeWrite(write: Write, { shapes, before }: EncodeOptions): string | ErrorData {
  /** Rows that earlier mutations of the write have made, or removed. */
  const made = new Map<string, RowData | null>()
  const events: string[] = []
  for (const mutation of write.mutations) {
    const { collection, key } = mutation
    const shape = shapes.get(collection)
    const address = JSON.stringify([collection, key])
    const isOwn = made.has(address)
    const row = changed(isOwn ? made.get(address)! : before(collection, key), mutation, shape?.primaryKey ?? '')
    if (mutation.kind === 'patch' && row === null && !isOwn) return rowMissing(collection, key)
    made.set(address, row)
    events.push(JSON.stringify(eventOf(mutation, shape?.type ?? collection, row, write.id)))
  }
  return events.join(',')
}

const rowMissing = (collection: string, key: string): ErrorData => ({
  code: 'ROW_MISSING',
  message: `${collection} "${key}" cannot be updated: it was deleted, or its insert was not accepted`,
  retryable: false,
})

function eventOf(mutation: Mutation, type: string, row: RowData | null, txid: string): object {
  const { key } = mutation
  if (mutation.kind === 'patch') {
    // The write itself has removed the row. Each mutation has an event all the same.
    if (row === null) return { type, key, headers: { operation: 'delete', txid } }
    // The changes come last: the key of a row is a string, and that of an event may be a number.
    return { type, key, value: { ...unstamped(row), ...mutation.changes }, headers: { operation: 'update', txid } }
  }
  const { extra } = mutation
  const old = extra?.oldValue === undefined ? {} : { old_value: extra.oldValue }
  const headers = { ...extra?.headers, operation: mutation.kind === 'put' ? mutation.operation : 'delete', txid }
  return { type, key, ...(mutation.kind === 'put' ? { value: mutation.value } : {}), ...old, headers }
}

function unstamped({ _seq, ...row }: RowData): RowData {
  return row
}
