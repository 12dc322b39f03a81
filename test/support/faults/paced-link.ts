import { setTimeout as wait } from 'node:timers/promises'

// Small enough that a slow link trickles and that two answers share it fairly.
const SLICE = 16 * 1024

/** One link of a given rate, shared by all answers, as a household's or a phone's is. */
export class PacedLink {
  private bytesPerMs = Number.POSITIVE_INFINITY
  private freeAt = 0

  /** Megabits a second; `null` is no limit. It holds from the next slice on, in the middle of an answer too. */
  setRate(mbitPerSecond: number | null): void {
    this.bytesPerMs = mbitPerSecond === null ? Number.POSITIVE_INFINITY : (mbitPerSecond * 1_000_000) / 8 / 1_000
    this.freeAt = 0
  }

  /** Yields the slices of a chunk, each when the link has carried it. */
  async *carry(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
    let start = 0
    while (start < chunk.length) {
      const unlimited = this.bytesPerMs === Number.POSITIVE_INFINITY
      const slice = chunk.subarray(start, unlimited ? chunk.length : start + SLICE)
      start += slice.length
      if (!unlimited) await this.occupy(slice.length)
      yield slice
    }
  }

  private async occupy(bytes: number): Promise<void> {
    // Reserved by absolute time, so that late timers do not add up to a slower link.
    const now = performance.now()
    this.freeAt = Math.max(now, this.freeAt) + bytes / this.bytesPerMs
    const ms = this.freeAt - now
    if (ms >= 1) await wait(ms)
  }
}
