export interface PageListeners {
  /** The browser has a network again. */
  readonly onOnline: () => void
  /** The page is shown or hidden. */
  readonly onVisibility: () => void
  /** The page ends, or `signal` aborts. */
  readonly onEnd: () => void
  readonly signal: AbortSignal | undefined
}

/**
 * Listens to what a browser tells a page. Where there is none, as when a server renders, nothing is listened to but the signal.
 * @returns a function that removes every listener
 */
export function listenToPage({ onOnline, onVisibility, onEnd, signal }: PageListeners): () => void {
  /** Where there are no locks, nothing else tells of a page's end. A page that may come back has not ended. */
  const onPageHide = (event: Event): void => {
    if (!(event as PageTransitionEvent).persisted) onEnd()
  }
  const removals = [
    listen(globalThis, 'online', onOnline),
    listen(globalThis, 'pagehide', onPageHide),
    listen(globalThis.document, 'visibilitychange', onVisibility),
    listen(signal, 'abort', onEnd),
  ]
  return () => {
    for (const remove of removals) remove()
  }
}

function listen(target: Partial<EventTarget> | undefined, type: string, listener: (event: Event) => void): () => void {
  target?.addEventListener?.(type, listener)
  return () => target?.removeEventListener?.(type, listener)
}

export const isVisible = (): boolean => globalThis.document?.visibilityState !== 'hidden'
