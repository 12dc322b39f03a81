import { isChangeEvent, isControlEvent, type StateEvent } from '../../src/shared/events.ts'
import { MaterializedState } from '../../src/shared/materialized-state.ts'
import { schema } from './schema.ts'

export type PlainRows = Record<string, Record<string, unknown>>

interface Collection {
  readonly name: string
  readonly type: string
  readonly primaryKey: string
}

const COLLECTIONS: ReadonlyArray<Collection> = Object.entries(schema).map(([name, { type, primaryKey }]) => ({ name, type, primaryKey }))

/**
 * What the collections show after these stream items: the fold of MaterializedState, plus what it leaves to its caller
 * (reset, snapshot marks, values that are no rows). Written as plainly as possible; it is the yardstick.
 *
 * @param refuses tells which values a collection's schema refuses; default none
 */
export function naiveFold(
  items: ReadonlyArray<unknown>,
  refuses: (collection: string, value: unknown) => boolean = () => false,
  collections: ReadonlyArray<Collection> = COLLECTIONS,
): PlainRows {
  const fold = new MaterializedState()
  let mentioned: Set<string> | null = null
  for (const item of items as ReadonlyArray<StateEvent>) {
    if (isChangeEvent(item)) {
      const collection = collections.find(({ type }) => type === item.type)
      if (!collection) continue
      if (item.headers.operation !== 'delete') {
        const { value } = item
        if (typeof value !== 'object' || value === null || Array.isArray(value) || refuses(collection.name, value)) continue
      }
      fold.apply(item)
      mentioned?.add(`${item.type} ${item.key}`)
    } else if (isControlEvent(item)) {
      const { control } = item.headers
      if (control === 'reset') fold.clear()
      else if (control === 'snapshot-start') mentioned = new Set()
      else {
        for (const { type } of collections) {
          for (const key of mentioned ? [...fold.getType(type).keys()] : []) {
            if (!mentioned?.has(`${type} ${key}`)) fold.apply({ type, key, headers: { operation: 'delete' } })
          }
        }
        mentioned = null
      }
    }
  }
  return Object.fromEntries(
    collections.map(({ name, type, primaryKey }) => [
      name,
      Object.fromEntries(
        [...fold.getType(type)]
          .map(([key, value]) => [key, { ...(value as object), [primaryKey]: key }] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
    ]),
  )
}

/** Rows by collection and key, without what the library and TanStack DB add to them. */
export function plainRows(collections: Iterable<readonly [string, Iterable<readonly [string, object]>]>): PlainRows {
  return Object.fromEntries(
    [...collections].map(([name, rows]) => [
      name,
      Object.fromEntries(
        [...rows]
          .map(([key, row]) => [key, Object.fromEntries(Object.entries(row).filter(([field]) => field !== '_seq' && !field.startsWith('$')))] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
    ]),
  )
}
