import { isResultName } from '../../shared/query.ts'
import type { SyncMode } from '../../shared/state-schema.ts'
import type { RowDiff } from '../../shared/row-diff.ts'
import type { RowData } from '../../shared/row.ts'
import type { ServedSubset, Subset, SubsetChange } from '../../shared/subset.ts'
import type { VisibleState } from '../core/materialize.ts'
import { PENDING_SEQ, type RowAddress } from '../core/overlay.ts'
import type { Moves } from '../core/subsets/members.ts'
import type { Extent, Preview } from '../core/subsets/preview.ts'
import type { HeldSubset, Holder, Subsets } from '../core/subsets/subsets.ts'
import { ResultView, type ResultHolds } from './result-view.ts'

export interface TabViewOptions {
  readonly subsets: Subsets
  readonly results: ResultHolds
  /** The rows that the tab lacks; the view adds changes here. */
  readonly pending: RowDiff
  readonly modes: Readonly<Record<string, SyncMode>>
  /** The tab already shows rows: a progressive collection is not filled but replaced, and is whole after that. */
  readonly hasRows: boolean
  /** A subset's expression does not compile: the tab gets the whole collection. */
  onRefused(error: unknown): void
}

interface Want {
  readonly subset: Subset
  /** Null while the state is not there yet, and when the want is for the whole collection. */
  held: HeldSubset | null
  isAttached: boolean
  /** Where the rows of the preview end; null without a preview. */
  preview: Extent | null
  /** The extent that the tab was told last; null when the subset has not been served. */
  told: Extent | null
}

/** What a tab holds of one collection. */
interface Part {
  /** How many wants need the whole collection. */
  wholes: number
  /** Keys of a progressive collection that are still to be sent; null before the filling has begun, and after its end. */
  rest: Iterator<string> | null
  isProgressive: boolean
  /** Key → how many of the held subsets have the row. */
  readonly uses: Map<string, number>
  /** Rows of the preview, which is shown before the state is there: key → the row's `_seq`. */
  readonly preview: Map<string, unknown>
}

/** The part of the state that one tab gets: whole collections, and subsets of other collections. */
export class TabView implements Holder {
  readonly #options: TabViewOptions
  /** The results of queries that the tab wants. */
  readonly results: ResultView
  readonly #wants = new Map<number, Want>()
  readonly #parts = new Map<string, Part>()
  /** Held subset → how many of the tab's wants it serves. */
  readonly #holds = new Map<HeldSubset, number>()
  /** Collections that are not eager: queries wait for their rows, so these are sent first. */
  readonly #urgent = new Set<string>()
  /** Whole collections whose rows the tab may have in part: they are replaced. */
  readonly #replaced = new Set<string>()
  #hasNews = false

  constructor(options: TabViewOptions) {
    this.#options = options
    this.results = new ResultView(options.results, options.pending)
    for (const [name, mode] of Object.entries(options.modes)) {
      if (mode === 'eager') continue
      if (mode === 'progressive' && options.hasRows) {
        this.#replaced.add(name)
        continue
      }
      this.#parts.set(name, { wholes: 0, rest: null, isProgressive: mode === 'progressive', uses: new Map(), preview: new Map() })
      this.#urgent.add(name)
    }
  }

  /** Collections whose rows the tab may have in part. */
  get unknown(): ReadonlyArray<string> {
    return [...this.#parts.keys(), ...this.#replaced]
  }

  get urgent(): ReadonlySet<string> {
    const { names } = this.results
    return names.length === 0 ? this.#urgent : new Set([...this.#urgent, ...names])
  }

  /** Collections whose first rows are sent before the state is whole. */
  get early(): ReadonlySet<string> {
    return new Set([...this.#parts].filter(([, { isProgressive, preview }]) => isProgressive || preview.size > 0).map(([name]) => name).concat(this.results.early))
  }

  /** Progressive collections that the tab does not have whole. */
  get filling(): ReadonlyArray<string> {
    return [...this.#parts].filter(([, { isProgressive }]) => isProgressive).map(([name]) => name)
  }

  /** {@link serve} may have something to report. */
  get hasNews(): boolean {
    return this.#hasNews || this.results.hasNews
  }

  /** Notes the subsets that the tab wants from now on; {@link attach} holds them. */
  want(changes: ReadonlyArray<SubsetChange>, state: VisibleState): void {
    for (const { id, subset } of changes) {
      const before = this.#wants.get(id)
      this.#wants.delete(id)
      if (subset?.query) this.results.want(id, subset)
      else this.results.release(id)
      if (subset && this.#parts.has(subset.collection)) {
        const want: Want = { subset, held: null, isAttached: false, preview: null, told: null }
        this.#wants.set(id, want)
        // Before the former subset is released, so that rows of both stay in the tab.
        if (before?.isAttached) this.#attach(want, state)
      }
      if (before) this.#detach(before, state)
    }
  }

  /**
   * Holds the wanted subsets.
   * @param complete the state is complete; if not, only subsets of progressive collections are held
   */
  attach(state: VisibleState, complete: boolean): void {
    // The tab has been sent all rows of a collection without pending changes.
    const isShown = new Set([...this.#parts.keys()].filter((name) => !this.#options.pending.has(name)))
    for (const want of this.#wants.values()) {
      if (!want.isAttached && (complete || this.#parts.get(want.subset.collection)!.isProgressive)) this.#attach(want, state)
    }
    if (!complete) return
    this.results.attach(state)
    for (const [name, part] of this.#parts) {
      if (part.isProgressive) part.rest ??= keysOf(state, name)
      if (part.preview.size > 0) this.#correct(name, part, state, isShown.has(name))
    }
  }

  /**
   * Rows of whole collections have changed.
   * @param has the tab has another state of these collections, and gets only what it lacks, except for replaced collections
   */
  fold(diff: RowDiff, has: boolean): void {
    for (const [name, changes] of diff.entries()) {
      if (isResultName(name)) {
        this.results.fold(name, changes)
        continue
      }
      const part = this.#parts.get(name)
      if (part ? this.#takesAll(part) : !has || this.#replaced.has(name)) this.#options.pending.foldRows(name, changes)
    }
  }

  /** Whether the tab gets all rows of a collection. */
  takesAll(collection: string): boolean {
    const part = this.#parts.get(collection)
    return part ? this.#takesAll(part) : !isResultName(collection)
  }

  /** Whether the tab gets all rows of a collection, and has no subsets of it. */
  isEager(collection: string): boolean {
    return !this.#parts.has(collection) && !isResultName(collection)
  }

  /** The rows of whole collections in a diff. */
  keysOf(diff: RowDiff): RowAddress[] {
    return [...diff.entries()].flatMap(([name, changes]) => (this.takesAll(name) ? [...changes.keys()].map((key): RowAddress => [name, key]) : []))
  }

  /**
   * Adds the rows of the whole collections; subsets follow in {@link attach}.
   * @param has the tab has an earlier state of these collections, except for replaced collections
   */
  open(state: VisibleState, has: boolean): void {
    for (const [name, rows] of state.rows) if (!isResultName(name) && !this.#parts.has(name) && (!has || this.#replaced.has(name))) this.#options.pending.foldRows(name, rows)
  }

  /** Adds all rows of the view: the tab has none. */
  again(state: VisibleState): void {
    this.open(state, false)
    for (const [name, part] of this.#parts) {
      const rows = state.rows.get(name)
      if (!rows) continue
      part.preview.clear()
      if (part.wholes > 0) {
        this.#options.pending.foldRows(name, rows)
        continue
      }
      if (part.rest) part.rest = keysOf(state, name)
      for (const key of part.uses.keys()) this.#send(name, key, rows.get(key))
    }
    this.results.again(state)
    for (const want of this.#wants.values()) want.told = null
    this.#hasNews = true
  }

  /** Adds up to `most` rows of progressive collections, for the tab's idle time. @returns whether there were any */
  fill(state: VisibleState, most: number): boolean {
    let left = most
    for (const [name, part] of this.#parts) {
      if (!part.rest || !part.isProgressive) continue
      const rows = state.rows.get(name)
      while (left > 0) {
        const next = part.rest.next()
        if (next.done) {
          this.#complete(name, part)
          break
        }
        const row = rows?.get(next.value)
        if (!row) continue
        this.#options.pending.set(name, next.value, row)
        left -= 1
      }
    }
    return left < most
  }

  get isFilling(): boolean {
    return [...this.#parts.values()].some(({ isProgressive, rest }) => isProgressive && rest !== null)
  }

  /** Adds the stored rows of wanted subsets, before the state is there. */
  preview(find: (subset: Subset) => Preview | null): void {
    for (const want of this.#wants.values()) {
      const found = want.isAttached || want.preview ? null : find(want.subset)
      if (!found) continue
      const { collection } = want.subset
      const { preview } = this.#parts.get(collection)!
      for (const [key, row] of found.rows) {
        if (preview.has(key)) continue
        preview.set(key, row['_seq'])
        this.#options.pending.set(collection, key, row)
      }
      want.preview = found
      this.#hasNews = true
    }
  }

  /** The subsets whose rows have all been sent, and which have another extent than the tab was told. */
  serve(): ReadonlyArray<ServedSubset> {
    const served: ServedSubset[] = []
    let left = false
    for (const [id, want] of this.#wants) {
      const { subset, held, isAttached, preview, told } = want
      if (!isAttached && !preview) continue
      if (this.#options.pending.has(subset.collection)) {
        left = true
        continue
      }
      const { edge, whole } = isAttached ? (held?.members ?? WHOLE) : preview!
      if (told && Object.is(told.edge, edge) && told.whole === whole) continue
      want.told = { edge, whole }
      served.push({ id, rows: subset.first?.rows ?? null, edge, whole })
    }
    this.#hasNews = left
    return [...served, ...this.results.serve()]
  }

  /** The tab is gone. */
  close(): void {
    for (const want of this.#wants.values()) if (want.held) this.#options.subsets.release(want.held, this)
    this.#wants.clear()
    this.results.close()
  }

  moved({ subset: { collection } }: HeldSubset, { entered, left, changed }: Moves, rows: ReadonlyMap<string, RowData>): void {
    const part = this.#parts.get(collection)!
    for (const key of entered) this.#use(collection, part, key, 1, rows.get(key))
    for (const key of left) this.#use(collection, part, key, -1, undefined)
    // A row that enters one subset may leave another one at the same time: it is sent all the same.
    if (part.wholes === 0) for (const key of entered.concat(changed)) this.#send(collection, key, rows.get(key))
    this.#hasNews = true
  }

  #takesAll({ wholes, isProgressive }: Part): boolean {
    return wholes > 0 || isProgressive
  }

  #attach(want: Want, state: VisibleState): void {
    const { collection, where, first } = want.subset
    const part = this.#parts.get(collection)!
    want.isAttached = true
    this.#hasNews = true
    try {
      if (where !== null || first !== null) want.held = this.#options.subsets.hold(want.subset, this, state)
    } catch (error) {
      this.#options.onRefused(error)
    }
    const rows = state.rows.get(collection)
    if (!want.held) {
      this.#options.subsets.settle()
      part.wholes += 1
      if (part.wholes === 1 && rows) this.#options.pending.foldRows(collection, rows)
      return
    }
    const holds = this.#holds.get(want.held) ?? 0
    this.#holds.set(want.held, holds + 1)
    if (holds === 0) for (const key of want.held.members.keys) this.#use(collection, part, key, 1, rows?.get(key))
  }

  #detach({ subset: { collection }, held, isAttached }: Want, state: VisibleState): void {
    const part = this.#parts.get(collection)
    if (!isAttached || !part) return
    if (!held) {
      part.wholes -= 1
      if (part.wholes > 0 || part.isProgressive) return
      for (const key of keysOf(state, collection)) if (!part.uses.has(key)) this.#options.pending.set(collection, key, null)
      return
    }
    const holds = this.#holds.get(held)! - 1
    if (holds > 0) {
      this.#holds.set(held, holds)
    } else {
      this.#holds.delete(held)
      for (const key of held.members.keys) this.#use(collection, part, key, -1, undefined)
    }
    this.#options.subsets.release(held, this)
  }

  #use(collection: string, part: Part, key: string, by: number, row: RowData | undefined): void {
    const uses = (part.uses.get(key) ?? 0) + by
    if (uses > 0) part.uses.set(key, uses)
    else part.uses.delete(key)
    if (part.wholes > 0) return
    if (by > 0 && (uses === 1 || part.isProgressive)) this.#send(collection, key, row)
    else if (uses === 0 && !part.isProgressive) this.#options.pending.set(collection, key, null)
  }

  #send(collection: string, key: string, row: RowData | undefined): void {
    if (row) this.#options.pending.set(collection, key, row)
  }

  /** The state is there: corrects the rows of the preview, and does not send equal rows again. */
  #correct(collection: string, part: Part, state: VisibleState, isShown: boolean): void {
    const { pending } = this.#options
    const rows = state.rows.get(collection)
    for (const [key, seq] of part.preview) {
      const row = rows?.get(key)
      const isSeen = row && (part.uses.has(key) || this.#takesAll(part))
      if (!isSeen) pending.set(collection, key, null)
      else if (isShown && row['_seq'] === seq && seq !== PENDING_SEQ) pending.forget(collection, key)
    }
    part.preview.clear()
  }

  #complete(collection: string, part: Part): void {
    part.rest = null
    part.isProgressive = false
    part.wholes += 1
    this.#urgent.delete(collection)
  }
}

const WHOLE: Extent = { edge: null, whole: true }

const keysOf = (state: VisibleState, collection: string): IterableIterator<string> => (state.rows.get(collection) ?? new Map<string, RowData>()).keys()
