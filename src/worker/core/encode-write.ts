import { describe, type ErrorData } from '../../shared/errors.ts'
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
 * @returns an error when there are no such events: a row to patch is not there, and an update event would bring back half a row; or the
 *   schema has no such collection any more, or JSON cannot have a value
 */
export function encodeWrite(write: Write, { shapes, before }: EncodeOptions): string | ErrorData {
  /** Rows that earlier mutations of the write have made, or removed. */
  const made = new Map<string, RowData | null>()
  const events: string[] = []
  for (const mutation of write.mutations) {
    const { collection, key } = mutation
    const shape = shapes.get(collection)
    if (!shape) return refusal('INVALID_ARGUMENT', `there is no collection ${collection} in the present schema`)
    const address = JSON.stringify([collection, key])
    const isOwn = made.has(address)
    const row = changed(isOwn ? made.get(address)! : before(collection, key), mutation, shape.primaryKey)
    if (mutation.kind === 'patch' && row === null && !isOwn) return refusal('ROW_MISSING', `${collection} "${key}" cannot be updated: it was deleted, or its insert was not accepted`)
    made.set(address, row)
    try {
      events.push(JSON.stringify(eventOf(mutation, shape.type, row, write.id)))
    } catch (error) {
      // A write that was stored by other code: it would hold back all later ones.
      return refusal('INVALID_ARGUMENT', `${collection} "${key}" has a value that JSON cannot have: ${describe(error)}`)
    }
  }
  return events.join(',')
}

const refusal = (code: ErrorData['code'], message: string): ErrorData => ({ code, message, retryable: false })

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
