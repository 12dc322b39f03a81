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
 * Listens to the page's events and to `signal`. Without a page, as when a server renders, it listens to `signal` only.
 * @returns a function that removes every listener
 */
export function listenToPage({ onOnline, onVisibility, onEnd, signal }: PageListeners): () => void {
  /** Without Web Locks, only this event shows that the page ends. A `persisted` page may come back: it has not ended. */
  const onPageHide = (event: Event): void => {
    if (!(event as PageTransitionEvent).persisted) onEnd()
  }
  const listeners: ReadonlyArray<readonly [Partial<EventTarget> | undefined, string, (event: Event) => void]> = [
    [globalThis, 'online', onOnline],
    [globalThis, 'pagehide', onPageHide],
    [globalThis.document, 'visibilitychange', onVisibility],
    [signal, 'abort', onEnd],
  ]
  for (const [target, ...listener] of listeners) target?.addEventListener?.(...listener)
  return () => {
    for (const [target, ...listener] of listeners) target?.removeEventListener?.(...listener)
  }
}

export const isVisible = (): boolean => globalThis.document?.visibilityState !== 'hidden'
