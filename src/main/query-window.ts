import type { ChangeMessage, Collection, WithVirtualProps } from '@tanstack/db'
import { compareValues } from './compare-values.ts'
import { NearestRows } from './nearest-rows.ts'

type Change = ChangeMessage<WithVirtualProps<object, string>, string>
type Subscription = ReturnType<Collection<object, string>['subscribeChanges']>
type SnapshotRequest = NonNullable<Parameters<Subscription['requestSnapshot']>[0]> & { boundedPrefix?: boolean }
type PageRequest = Parameters<Subscription['requestLimitedSnapshot']>[0]
type Order = PageRequest['orderBy']
type Compare = (a: unknown, b: unknown) => number | null
// Members that TanStack DB before 0.15 does not declare are named here.
type Index = Parameters<Subscription['setOrderByIndex']>[0] & { supportsOrderOptimization?: boolean }

/** The rows that a subscription needs, as far as its requests show. */
type Need =
  /** It has not asked for rows yet. */
  | { readonly kind: 'unknown' }
  /** All rows. */
  | { readonly kind: 'all' }
  /** The first rows of an order, `wanted` of them or more. */
  | { readonly kind: 'first'; readonly path: ReadonlyArray<string>; readonly compare: Compare; readonly sent: NearestRows; readonly wanted: number }

export interface QueryWindowOptions {
  readonly index: Index
  /** The query has got rows before it reads an index. */
  readonly hasRows: boolean
  /** False once the collection has lost its rows: the query gets every change from then on. */
  readonly isCurrent: () => boolean
}

/**
 * Leaves out changes of rows that cannot matter to a live query for the first rows of an order.
 *
 * TanStack DB puts every row that changes in a collection into the sorted list of each such query, at a cost that grows with the
 * list. But when a query is mounted over a whole collection with an index on its order, TanStack DB gives it only the first rows,
 * and reads the following rows from the index when one of the first rows leaves. So a row after all rows that the query has asked
 * for need not be in the list: TanStack DB reads it from the index when the window reaches it.
 *
 * The law: a row is left out only when the query does not have it, and already has as many rows before it as it ever asked for.
 * All other rows are passed on, as TanStack DB does by itself.
 */
export class QueryWindow {
  /** The index that the query reads. */
  index: Index
  readonly #isCurrent: () => boolean
  #need: Need = { kind: 'unknown' }
  #hasRows: boolean
  /** The query has a row whose value has no order among the other values. */
  #isUnordered = false

  constructor(subscription: Subscription, { index, hasRows, isCurrent }: QueryWindowOptions) {
    this.index = index
    this.#hasRows = hasRows
    this.#isCurrent = isCurrent
    this.#guard(subscription)
  }

  /** Notes the rows that the query gets, after its conditions. */
  note(changes: ReadonlyArray<Change>): void {
    const need = this.#need
    this.#hasRows ||= changes.length > 0
    if (need.kind !== 'first') return
    for (const change of changes) {
      if (change.type === 'delete') {
        need.sent.delete(change.key)
        continue
      }
      const value = valueAt(change.value, need.path)
      if (need.compare(value, value) === null) this.#isUnordered = true
      need.sent.set(change.key, value)
    }
  }

  /** Notes a page that the query asks for. */
  requestLimitedSnapshot({ orderBy, limit, minValues }: PageRequest): void {
    const need = this.#first(orderBy)
    if (need.kind === 'first') {
      // The query has asked for all rows up to where the page begins, and for `limit` rows more.
      const before = minValues && minValues.length > 0 ? need.sent.countUpTo(minValues[0]) : 0
      this.#need = { ...need, wanted: Math.max(need.wanted, before + limit) }
    } else {
      this.#need = need
    }
  }

  /** Notes rows that the query asks for. @returns the request that suffices */
  requestSnapshot(request: SnapshotRequest | undefined): SnapshotRequest | undefined {
    const need = this.#need
    // A request with a condition only adds rows to what the query has.
    if (request?.where) return request
    const { orderBy, limit } = request ?? {}
    if (need.kind !== 'first' || !orderBy || limit === undefined) {
      this.#need = { kind: 'all' }
      return request
    }
    this.#need = { ...need, wanted: Math.max(need.wanted, limit) }
    // For an order of several terms the first rows by the first term suffice: TanStack DB also asks for the ties of the last row.
    return { ...request, orderBy: orderBy.slice(0, 1), boundedPrefix: true }
  }

  #guard(subscription: Subscription): void {
    const emitEvents = subscription.emitEvents.bind(subscription)
    const requestSnapshot = subscription.requestSnapshot.bind(subscription)
    const requestLimitedSnapshot = subscription.requestLimitedSnapshot.bind(subscription)
    subscription.requestLimitedSnapshot = (request) => {
      this.requestLimitedSnapshot(request)
      requestLimitedSnapshot(request)
    }
    subscription.requestSnapshot = (request) => requestSnapshot(this.requestSnapshot(request))
    subscription.emitEvents = (changes: Change[]) => {
      if (this.#need.kind === 'first' && !this.#isCurrent()) this.#need = { kind: 'all' }
      if (this.#need.kind === 'first' && (this.#isUnordered || this.index?.supportsOrderOptimization !== true)) {
        // The values have no common order, or the index orders them otherwise than the query: from here on all rows are passed
        // on.
        this.#need = { kind: 'all' }
        requestSnapshot({ trackLoadSubsetPromise: false })
      }
      const kept = this.#keep(changes)
      return kept.length === 0 && changes.length > 0 ? false : emitEvents(kept)
    }
  }

  #first(orderBy: Order): Need {
    if (this.#need.kind !== 'unknown') return this.#need
    const [term] = orderBy
    if (!this.index || this.#hasRows || term?.expression.type !== 'ref') return { kind: 'all' }
    const { path, sourceAlias } = term.expression as { path: string[]; sourceAlias?: string }
    const { direction, nulls } = term.compareOptions
    const { stringSort = 'locale' } = term.compareOptions as { stringSort?: 'lexical' | 'locale' | 'custom' }
    if (stringSort === 'custom') return { kind: 'all' }
    const { locale, localeOptions } = term.compareOptions as { locale?: string; localeOptions?: object }
    const order = { direction, nulls, stringSort, locale: locale ?? null, localeOptions: localeOptions ? JSON.stringify(localeOptions) : null }
    const compare: Compare = (a, b) => compareValues(a, b, order)
    const sent = new NearestRows((a, b) => compare(a, b) ?? 0)
    return { kind: 'first', path: sourceAlias !== undefined && path[0] === sourceAlias ? path.slice(1) : path, compare, sent, wanted: 0 }
  }

  #keep(changes: Change[]): Change[] {
    const need = this.#need
    if (need.kind !== 'first') return changes
    const edge = need.wanted > 0 ? need.sent.at(need.wanted) : null
    if (!edge) return changes
    return changes.filter(({ key, value }) => need.sent.has(key) || (need.compare(valueAt(value, need.path), edge.value) ?? 0) <= 0)
  }
}

function valueAt(row: object, path: ReadonlyArray<string>): unknown {
  let value: unknown = row
  for (const part of path) value = (value as Record<string, unknown> | null | undefined)?.[part]
  return value
}
