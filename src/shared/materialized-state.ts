import type { ChangeEvent } from './events.ts'

/**
 * A simple in-memory state of change events: type → key → value, the last write wins. Behaves as `MaterializedState` of
 * @durable-streams/state: the caller handles control events.
 */
export class MaterializedState {
  readonly #types = new Map<string, Map<string, unknown>>()

  /** Applies one change event. */
  apply(event: ChangeEvent): void {
    let rows = this.#types.get(event.type)
    if (!rows) this.#types.set(event.type, (rows = new Map<string, unknown>()))
    const { operation } = event.headers
    if (operation === 'delete') rows.delete(event.key)
    else if (operation === 'insert' || operation === 'update' || operation === 'upsert') rows.set(event.key, event.value)
  }

  /** Applies change events in order. */
  applyBatch(events: ReadonlyArray<ChangeEvent>): void {
    for (const event of events) this.apply(event)
  }

  /** The value of `type` and `key`, or undefined. */
  get<T = unknown>(type: string, key: string): T | undefined {
    return this.#types.get(type)?.get(key) as T | undefined
  }

  /** Key → value of a type; an empty map for a type without events. */
  getType(type: string): Map<string, unknown> {
    return this.#types.get(type) ?? new Map<string, unknown>()
  }

  /** Removes all values and types. */
  clear(): void {
    this.#types.clear()
  }

  /** How many types have had events since the last {@link clear}. */
  get typeCount(): number {
    return this.#types.size
  }

  /** The types that have had events since the last {@link clear}. */
  get types(): Array<string> {
    return [...this.#types.keys()]
  }
}
