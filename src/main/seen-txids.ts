/** How many transaction ids are remembered, so that a late `awaitTxId` resolves at once. */
const REMEMBERED = 4096

/** Transactions whose rows are in the collections. */
export class SeenTxids {
  /** In order of insertion: the oldest ids are forgotten first. */
  readonly #ids = new Set<string>()

  add(txids: ReadonlyArray<string>): void {
    for (const txid of txids) {
      this.#ids.delete(txid)
      this.#ids.add(txid)
    }
    for (const txid of this.#ids) {
      if (this.#ids.size <= REMEMBERED) break
      this.#ids.delete(txid)
    }
  }

  has(txid: string): boolean {
    return this.#ids.has(txid)
  }
}
