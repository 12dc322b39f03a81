import type { RowData } from '../../../src/shared/row.ts'
import type { Mutation, Write } from '../../../src/shared/write.ts'
import type { Random } from '../world.ts'

/** Collection → type of its events. */
export const TYPES: Readonly<Record<string, string>> = { users: 'user', items: 'item' }

/** Makes random writes of few keys: so writes often change a row that another write, or a foreign writer, changes too. */
export class WriteMaker {
  readonly #random: Random
  #count = 0

  constructor(random: Random) {
    this.#random = random
  }

  next(createdAt: number): Write {
    this.#count += 1
    const random = this.#random
    const mutations = Array.from({ length: random.chance(0.2) ? 2 + random.below(2) : 1 }, (_, index) => this.#mutation(index))
    return { id: `w${String(this.#count)}`, mutations, createdAt }
  }

  #mutation(index: number): Mutation {
    const random = this.#random
    const collection = random.pick(Object.keys(TYPES))
    const key = `k${String(random.below(6))}`
    // No two writes have a value in common.
    const n = `${String(this.#count)}.${String(index)}`
    const roll = random.below(10)
    if (roll < 5) return { kind: 'put', collection, key, value: { id: key, n }, operation: random.pick(['insert', 'update', 'upsert']) }
    if (roll < 8) return { kind: 'patch', collection, key, changes: random.chance(0.5) ? { n } : { m: n } }
    return { kind: 'remove', collection, key }
  }
}

/** The rows of a write: address → its mutations there, in order. */
export function rowsOf({ mutations }: Write): ReadonlyMap<string, ReadonlyArray<Mutation>> {
  const rows = new Map<string, Mutation[]>()
  for (const mutation of mutations) {
    const address = `${mutation.collection} ${mutation.key}`
    rows.set(address, [...(rows.get(address) ?? []), mutation])
  }
  return rows
}

/** A row after mutations, computed as plainly as possible: the overlay is compared with it. */
export function after(row: RowData | undefined, mutations: Iterable<Mutation>): RowData | undefined {
  for (const mutation of mutations) {
    if (mutation.kind === 'remove') row = undefined
    else if (mutation.kind === 'put') row = { ...mutation.value, id: mutation.key }
    else row = row && { ...row, ...mutation.changes, id: mutation.key }
  }
  return row
}
