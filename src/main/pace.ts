/** The longest wait for an animation frame, ms: the browser may have stopped painting. */
const FRAME_LIMIT_MS = 100
/** A hidden page takes a batch at this interval, ms. */
const HIDDEN_PAUSE_MS = 250
/** The longest wait for idle time, ms. */
const IDLE_LIMIT_MS = 100

/** A batch that took no longer than this, ms, needs no pause beyond the next frame. */
const SHORT_MS = 8
/** The longest pause after a batch, ms. */
const LONGEST_REST_MS = 500

/**
 * Resolves when a page should take the next batch: with its next frame, or at an interval while it is hidden. When live queries
 * make a batch expensive, the page pauses as long as the batch took, so that half of the time is left for other work.
 * @param tookMs how long the page took to apply the last batch, ms
 */
export async function nextTurn(tookMs: number): Promise<void> {
  if (tookMs > SHORT_MS) await new Promise((resolve) => setTimeout(resolve, Math.min(tookMs, LONGEST_REST_MS)))
  await nextFrame()
}

function nextFrame(): Promise<void> {
  const { document, requestAnimationFrame } = globalThis as Partial<typeof globalThis>
  if (!document || !requestAnimationFrame) return Promise.resolve()
  return new Promise((resolve) => {
    const isHidden = document.visibilityState === 'hidden'
    const settle = (): void => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', settle)
      resolve()
    }
    const timer = setTimeout(settle, isHidden ? HIDDEN_PAUSE_MS : FRAME_LIMIT_MS)
    document.addEventListener('visibilitychange', settle)
    if (!isHidden) requestAnimationFrame(settle)
  })
}

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
