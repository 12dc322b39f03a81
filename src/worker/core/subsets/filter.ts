import type { RowData } from '../../../shared/row.ts'
import type { Predicate } from './expression.ts'
import { movesBetween, NO_MOVES, type Candidates, type Members, type Moves } from './members.ts'

/** The members of a subset that is a filter: the rows for which a predicate holds. */
export class FilterMembers implements Members {
  readonly edge = null
  readonly whole = true
  readonly #matches: Predicate
  #keys = new Set<string>()
  /** Noted key → whether its row was a member before. */
  readonly #noted = new Map<string, boolean>()

  constructor(matches: Predicate) {
    this.#matches = matches
  }

  get keys(): ReadonlySet<string> {
    return this.#keys
  }

  note(key: string, row: RowData | null): void {
    const was = this.#keys.has(key)
    const is = row !== null && this.#matches(row)
    if (!was && !is) return
    if (!this.#noted.has(key)) this.#noted.set(key, was)
    if (is) this.#keys.add(key)
    else this.#keys.delete(key)
  }

  settle(): Moves {
    if (this.#noted.size === 0) return NO_MOVES
    const [entered, left, changed]: [string[], string[], string[]] = [[], [], []]
    for (const [key, was] of this.#noted) {
      const is = this.#keys.has(key)
      if (was && is) changed.push(key)
      else if (is) entered.push(key)
      else if (was) left.push(key)
    }
    this.#noted.clear()
    return { entered, left, changed }
  }

  fill(candidates: Candidates): Moves {
    const before = this.#keys
    this.#noted.clear()
    this.#keys = new Set()
    for (const [key, row] of candidates.all()) if (this.#matches(row)) this.#keys.add(key)
    return movesBetween(before, this.#keys, () => true)
  }
}
