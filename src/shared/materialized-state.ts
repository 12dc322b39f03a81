import type { ChangeEvent } from './events.ts'

/**
 * The naive fold: an in-memory view of change events, type → key → value, last write wins.
 * Behaves as `MaterializedState` of @durable-streams/state: control events are the caller's to interpret.
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

  /** The value at `type`/`key`, or undefined. */
  get<T = unknown>(type: string, key: string): T | undefined {
    return this.#types.get(type)?.get(key) as T | undefined
  }

  /** All entries of a type, by key; an empty map for a type never seen. */
  getType(type: string): Map<string, unknown> {
    return this.#types.get(type) ?? new Map<string, unknown>()
  }

  clear(): void {
    this.#types.clear()
  }

  /** How many types have been seen since the last clear. */
  get typeCount(): number {
    return this.#types.size
  }

  get types(): Array<string> {
    return [...this.#types.keys()]
  }
}
