type Level<V> = Map<unknown, Level<V> | V>

/** A map whose keys are lists of values, all of one length. Values are equal as those of a `Map` are. */
export class TupleMap<V> {
  readonly #first: Level<V> = new Map()

  get(values: ReadonlyArray<unknown>): V | undefined {
    let level = this.#first
    const last = values.length - 1
    for (let index = 0; index < last; index += 1) {
      const next = level.get(values[index])
      if (next === undefined) return undefined
      level = next as Level<V>
    }
    return level.get(values[last]) as V | undefined
  }

  set(values: ReadonlyArray<unknown>, item: V): void {
    let level = this.#first
    for (const value of values.slice(0, -1)) {
      let next = level.get(value) as Level<V> | undefined
      if (next === undefined) level.set(value, (next = new Map()))
      level = next
    }
    level.set(values.at(-1), item)
  }

  /** Levels that become empty go too. */
  delete(values: ReadonlyArray<unknown>): void {
    remove(this.#first, values, 0)
  }
}

function remove<V>(level: Level<V>, values: ReadonlyArray<unknown>, index: number): void {
  const value = values[index]
  if (index < values.length - 1) {
    const next = level.get(value) as Level<V> | undefined
    if (next === undefined) return
    remove(next, values, index + 1)
    if (next.size > 0) return
  }
  level.delete(value)
}
