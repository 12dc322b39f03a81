import type { ErrorData } from '../../shared/errors.ts'
import type { RowChanges, RowDiff } from '../../shared/row-diff.ts'
import type { ServedSubset, Subset } from '../../shared/subset.ts'
import type { VisibleState } from '../core/materialize.ts'
import type { Preview } from '../core/subsets/preview.ts'

/** The queries that the engine runs for its tabs. */
export interface ResultHolds {
  /** Runs the subset's query until it is released. The result is in the state once all of its rows are known. */
  hold(subset: Subset): void
  release(subset: Subset): void
  /** Why a query is not run; null when it is, or will be. */
  refusalOf(collection: string): ErrorData | null
}

/** `waiting` the tab gets no rows yet · `preview` it gets the rows that the last visit stored · `shown` it gets the rows of the engine's result */
type Phase = 'waiting' | 'preview' | 'shown'

/** What the tab was told of a want: nothing, that the rows are there, or that none will come. */
type Told = 'nothing' | 'served' | 'refused'

/** What a tab gets of one result. */
interface WantedResult {
  readonly subset: Subset
  phase: Phase
  /** What the tab was told of each of its wants of this result, by their ids. */
  readonly wants: Map<number, Told>
}

/** The results of queries that one tab wants. */
export class ResultView {
  readonly #holds: ResultHolds
  /** The rows that the tab lacks. */
  readonly #pending: RowDiff
  /** By the names of results. */
  readonly #wanted = new Map<string, WantedResult>()
  /** Id of a want → name of the result. */
  readonly #names = new Map<number, string>()
  /** Results that are sent anew as a whole: the tab drops the rows that it has, of another engine or of a preview. */
  readonly #begun = new Set<string>()

  constructor(holds: ResultHolds, pending: RowDiff) {
    this.#holds = holds
    this.#pending = pending
  }

  get names(): ReadonlyArray<string> {
    return [...this.#wanted.keys()]
  }

  /** Results whose rows are sent before the state is whole. */
  get early(): ReadonlyArray<string> {
    return [...this.#wanted].filter(([, { phase }]) => phase === 'preview').map(([name]) => name)
  }

  /** The tab shows rows of the last visit, and newer ones will come. */
  get isOld(): boolean {
    return [...this.#wanted].some(([name, { phase }]) => phase === 'preview' && !this.#holds.refusalOf(name))
  }

  /** {@link serve} may have something to report. */
  get hasNews(): boolean {
    // A result without rows takes away those of its preview.
    return this.#begun.size > 0 || [...this.#wanted].some(([name, wanted]) => {
      const news = this.#newsOf(name, wanted)
      return news !== 'nothing' && [...wanted.wants.values()].some((told) => told !== news)
    })
  }

  /** The results that are sent anew, and whose first rows come with the next batch or later. Each is given once. */
  takeBegun(): ReadonlyArray<string> {
    const begun = [...this.#begun]
    this.#begun.clear()
    return begun
  }

  want(id: number, subset: Subset): void {
    const { collection } = subset
    this.#holds.hold(subset)
    this.release(id)
    this.#names.set(id, collection)
    const wanted = this.#wanted.get(collection)
    if (wanted) wanted.wants.set(id, 'nothing')
    else this.#wanted.set(collection, { subset, phase: 'waiting', wants: new Map([[id, 'nothing']]) })
  }

  /** The tab wants it no more. With the last want of a result the tab has dropped its rows. */
  release(id: number): void {
    const name = this.#names.get(id)
    if (name === undefined) return
    this.#names.delete(id)
    const { wants, subset } = this.#wanted.get(name)!
    wants.delete(id)
    this.#holds.release(subset)
    if (wants.size > 0) return
    this.#wanted.delete(name)
    this.#begun.delete(name)
    this.#pending.drop(name)
  }

  /** Sends the results that are in the state, now that it is complete. */
  attach(state: VisibleState): void {
    for (const [name, wanted] of this.#wanted) if (wanted.phase !== 'shown') this.#begin(name, wanted, state)
  }

  /** A result has changed. */
  fold(name: string, changes: RowChanges): void {
    if (this.#wanted.get(name)?.phase === 'shown') this.#pending.foldRows(name, changes)
  }

  /** Sends all results anew: the tab has lost its rows, or may have others. */
  again(state: VisibleState): void {
    for (const [name, wanted] of this.#wanted) {
      for (const id of wanted.wants.keys()) wanted.wants.set(id, 'nothing')
      if (wanted.phase === 'shown') this.#begin(name, wanted, state)
    }
  }

  /** Sends the rows of the last visit for results that are not in the state. @param find gives these rows */
  preview(find: (subset: Subset) => Preview | null): void {
    for (const [name, wanted] of this.#wanted) {
      const found = wanted.phase === 'waiting' ? find(wanted.subset) : null
      if (!found) continue
      wanted.phase = 'preview'
      this.#pending.foldRows(name, new Map(found.rows))
    }
  }

  /** The wants whose rows have all been sent, or get none. */
  serve(): ReadonlyArray<ServedSubset> {
    const served: ServedSubset[] = []
    for (const [name, wanted] of this.#wanted) {
      const error = this.#holds.refusalOf(name)
      const news = this.#newsOf(name, wanted)
      for (const [id, told] of wanted.wants) {
        if (news === 'nothing' || told === news) continue
        wanted.wants.set(id, news)
        served.push({ id, rows: null, edge: null, whole: error === null, ...(error && { error }) })
      }
    }
    return served
  }

  /** The tab is gone. */
  close(): void {
    for (const id of [...this.#names.keys()]) this.release(id)
  }

  /** What the tab is to be told of a result. */
  #newsOf(name: string, { phase }: WantedResult): Told {
    if (this.#holds.refusalOf(name)) return 'refused'
    return phase !== 'waiting' && !this.#pending.has(name) ? 'served' : 'nothing'
  }

  /** Sends a result as a whole, if it is in the state. */
  #begin(name: string, wanted: WantedResult, state: VisibleState): void {
    const rows = state.rows.get(name)
    if (!rows) return
    wanted.phase = 'shown'
    this.#pending.drop(name)
    this.#pending.foldRows(name, rows)
    this.#begun.add(name)
  }
}
