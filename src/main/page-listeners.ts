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
