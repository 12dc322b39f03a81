import { now } from './moments.ts'
import type { Change, Row } from './visit.ts'

/** When a page first showed which change: nobody has to ask while that is measured. */
export class ShownChanges {
  readonly #shown = new Map<number, number>()
  readonly #awaited = new Map<number, (at: number) => void>()

  show({ updatedAt }: Pick<Row, 'updatedAt'>, at = now()): void {
    if (this.#shown.has(updatedAt)) return
    this.#shown.set(updatedAt, at)
    this.#awaited.get(updatedAt)?.(at)
  }

  /** For ever pending when it never does. */
  async showedAt({ updatedAt }: Change): Promise<number> {
    return this.#shown.get(updatedAt) ?? new Promise((resolve) => this.#awaited.set(updatedAt, resolve))
  }
}
