/** The parts of an AbortSignal used here; DOM and worker libraries each declare their own. */
export interface AbortSignalLike {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** What waits for a signal. A signal has one listener, however many calls wait: Node warns of more than ten. */
const waits = new WeakMap<AbortSignalLike, Set<() => void>>()

/** `work`, or a rejection with the signal's reason as soon as the signal aborts, because `work` may never settle. */
export function abortable<T>(work: Promise<T>, signal: AbortSignalLike): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever the signal's owner gave
      reject(signal.reason)
    }
    if (signal.aborted) abort()
    const waiting = waitsFor(signal)
    waiting.add(abort)
    work.then(resolve, reject).finally(() => {
      waiting.delete(abort)
    })
  })
}

function waitsFor(signal: AbortSignalLike): Set<() => void> {
  const known = waits.get(signal)
  if (known) return known
  const waiting = new Set<() => void>()
  waits.set(signal, waiting)
  signal.addEventListener('abort', () => {
    for (const abort of waiting) abort()
  }, { once: true })
  return waiting
}
