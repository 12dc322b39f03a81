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
 * partial updates, so a patch becomes an update with the whole row. When the row to patch is gone, its deletion has won. The event
 * then deletes the row once more: that changes nothing, and the `txid` comes with the stream.
 */
export function encodeWrite(write: Write, { shapes, before }: EncodeOptions): string {
  /** Rows that earlier mutations of the write have made. */
  const made = new Map<string, RowData | null>()
  return write.mutations
    .map((mutation) => {
      const { collection, key } = mutation
      const shape = shapes.get(collection)
      const address = JSON.stringify([collection, key])
      const row = changed(made.has(address) ? made.get(address)! : before(collection, key), mutation, shape?.primaryKey ?? '')
      made.set(address, row)
      return JSON.stringify(eventOf(mutation, shape?.type ?? collection, row, write.id))
    })
    .join(',')
}

function eventOf(mutation: Mutation, type: string, row: RowData | null, txid: string): object {
  const { key } = mutation
  if (mutation.kind === 'patch') {
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
