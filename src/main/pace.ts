/** An animation frame that does not come in this time is not waited for, ms: the browser may have stopped painting. */
const FRAME_LIMIT_MS = 100
/** A page that nobody sees takes a batch this often, ms. */
const HIDDEN_PAUSE_MS = 250
/** A moment without other work is waited for this long, ms. */
const IDLE_LIMIT_MS = 100

/** A batch that took less costs no frame, ms. */
const SHORT_MS = 8
/** A page rests no longer than this, ms. */
const LONGEST_REST_MS = 500

/**
 * Settles when a page is to take the next batch: with its next frame, and now and then where nobody sees it. Where live queries
 * make a batch expensive half of the time is left to the page: it rests as long as the last one took.
 * @param tookMs to apply the last batch
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

/** Settles when the page has nothing else to do, or has not for a while. */
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
