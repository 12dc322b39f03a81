/** The time of a display's frame, ms. A page that shows nothing new has no frames, and asking for one costs as much as a small batch. */
const FRAME_MS = 16
/** The pause after a batch that came by itself, ms: a change that follows it is not held back for a frame. */
const QUICK_MS = 4
/** A hidden page takes a batch at this interval, ms. */
const HIDDEN_PAUSE_MS = 250
/** The longest wait for idle time, ms. */
const IDLE_LIMIT_MS = 100

/** A batch that took no longer than this, ms, needs no pause beyond a frame's. */
const SHORT_MS = 8
/** The longest pause after a batch, ms. */
const LONGEST_REST_MS = 500
/** A batch is fast when it brings so many changed rows a second, or more: a person does not read them. */
const FLOOD_ROWS = 200
/** After so many fast batches in a row, changes are a flood. */
const FLOOD_BATCHES = 10
/** The part of the UI thread's time that a flood may take. */
const FLOOD_SHARE = 0.02
/** The longest pause in a flood, ms: what is shown is at most that much older. */
const LONGEST_FLOOD_REST_MS = 100

/**
 * Says when a page should take the next batch: after the time of a frame, or at an interval while it is hidden. When live queries make a
 * batch expensive, the page pauses as long as the batch took, so that half of the time is left for other work. In a flood it pauses
 * for longer: nobody reads sixty states a second (docs/decisions/0044).
 */
export class Pace {
  /** The number of fast batches in a row. */
  #fast = 0
  #cameAt = -Infinity
  /** The last batch came within two frames of the one before. */
  #isClose = false

  /**
   * A batch has come. The rate counts rows, and the time since the batch before: a pause merges changes, and does not make them fewer.
   * @param now ms, monotonic
   * @param rows how many rows of the tab it changes
   */
  came(now: number, rows: number): void {
    const isFast = rows * 1000 >= FLOOD_ROWS * Math.max(now - this.#cameAt, 1)
    this.#fast = isFast ? this.#fast + 1 : 0
    this.#isClose = now - this.#cameAt < 2 * FRAME_MS
    this.#cameAt = now
  }

  /** @param tookMs how long the page took to apply a batch, ms @returns the pause after it, ms */
  restMs(tookMs: number): number {
    const isFlood = this.#fast >= FLOOD_BATCHES && shows('visible')
    const floodMs = isFlood ? Math.min(tookMs / FLOOD_SHARE, LONGEST_FLOOD_REST_MS) : 0
    return Math.max(floodMs, tookMs > SHORT_MS ? Math.min(tookMs, LONGEST_REST_MS) : 0)
  }

  /** Resolves when the batch should be answered. @param tookMs as for {@link restMs} */
  async nextTurn(tookMs: number): Promise<void> {
    const isHidden = shows('hidden')
    const ms = Math.max(isHidden ? HIDDEN_PAUSE_MS : !shows('visible') ? 0 : this.#isClose ? FRAME_MS : QUICK_MS, this.restMs(tookMs))
    if (ms === 0) return
    await new Promise<void>((resolve) => {
      const end = (): void => {
        cancel()
        if (isHidden) document.removeEventListener('visibilitychange', end)
        resolve()
      }
      const cancel = after(ms, end)
      // A page that is shown again has waited long enough.
      if (isHidden) document.addEventListener('visibilitychange', end)
    })
  }
}

/** False where there is no page. */
const shows = (visibility: DocumentVisibilityState): boolean => (globalThis as Partial<typeof globalThis>).document?.visibilityState === visibility

/** Resolves in idle time, or after {@link IDLE_LIMIT_MS}; without `requestIdleCallback`, after a timer. */
export function idleTurn(): Promise<void> {
  const { requestIdleCallback } = globalThis as Partial<typeof globalThis>
  return new Promise((resolve) => {
    const settle = (): void => {
      resolve()
    }
    if (requestIdleCallback) requestIdleCallback(settle, { timeout: IDLE_LIMIT_MS })
    else setTimeout(settle)
  })
}

/** Runs a task after `delayMs`. @returns a function that cancels it */
export function after(delayMs: number, task: () => void): () => void {
  const timer = setTimeout(task, delayMs)
  return () => {
    clearTimeout(timer)
  }
}
