/**
 * Hands the items of an answer past the client: they are parsed while the answer arrives, and the client would read its whole text
 * first. In their place the client gets an answer with a number, which comes back in its batch.
 */
export class HandedItems {
  readonly #items = new Map<number, ReadonlyArray<unknown>>()
  #next = 1

  /** @returns the answer for the client */
  answer({ status, statusText, headers }: Response, items: ReadonlyArray<unknown>): Response {
    const number = this.#next
    this.#next += 1
    this.#items.set(number, items)
    return new Response(JSON.stringify([number]), { status, statusText, headers })
  }

  /** The items of a batch of the client's; an event stream's are in the batch itself. */
  take(told: ReadonlyArray<unknown>): ReadonlyArray<unknown> {
    const [number] = told
    const items = told.length === 1 && typeof number === 'number' ? this.#items.get(number) : undefined
    if (!items) return told
    this.#items.delete(number as number)
    return items
  }
}
