let isAsked = false

/**
 * Asks the browser, once in the life of the page, to keep the origin's storage when space runs short. A worker cannot ask. Some
 * browsers ask the user.
 */
export function persistStorage(): void {
  if (isAsked) return
  isAsked = true
  const { navigator } = globalThis as { navigator?: { storage?: { persist?(): Promise<boolean> } } }
  try {
    // The storage stays as it is when the browser refuses, or fails.
    navigator?.storage?.persist?.().catch(() => undefined)
  } catch {
    // As above.
  }
}
