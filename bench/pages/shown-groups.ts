import { now } from './moments.ts'
import type { CustomerOrders } from './orders.ts'
import { until } from './until.ts'
import type { ShownResult } from './visit.ts'

/** The collection of a result. */
export interface Groups {
  readonly toArray: ReadonlyArray<CustomerOrders>
  subscribeChanges(onChanges: (changes: ReadonlyArray<{ readonly value: CustomerOrders }>) => void): { unsubscribe(): void }
}

/** Notes which results were shown, and when. */
export class ShownGroups {
  readonly #groups: Groups
  #results: ShownResult[] = []
  #newestAt = 0

  constructor(groups: Groups) {
    this.#groups = groups
    groups.subscribeChanges((changes) => {
      for (const { value } of changes) if (value.newest > this.#newestAt) this.#newestAt = value.newest
      this.#results.push([now(), this.#newestAt])
    })
    for (const { newest } of groups.toArray) this.#newestAt = Math.max(this.#newestAt, newest)
  }

  /** Resolves when the groups have so many orders, with those of this time or newer ones. */
  until(orders: number, at = 0): Promise<void> {
    return until(this.#groups, () => this.#newestAt >= at && this.#groups.toArray.reduce((sum, group) => sum + group.orders, 0) === orders)
  }

  /** Resolves when orders of this time, or newer ones, are shown. @returns the results that were shown since the last call */
  async resultsUntil(at: number): Promise<ShownResult[]> {
    await until(this.#groups, () => this.#newestAt >= at)
    const results = this.#results
    this.#results = []
    return results
  }
}
