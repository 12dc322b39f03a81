/** What a browser says of its storage. */
export interface StorageFacts {
  readonly usage: number | null
  readonly quota: number | null
  /** The browser deletes it only when the user asks for that; null where it does not say. */
  readonly persisted: boolean | null
}

const NOT_SAID: StorageFacts = { usage: null, quota: null, persisted: null }

/** Never rejects. */
export async function readStorage(): Promise<StorageFacts> {
  try {
    const [{ usage = null, quota = null }, persisted] = await Promise.all([navigator.storage.estimate(), navigator.storage.persisted()])
    return { usage, quota, persisted }
  } catch {
    // Outside of a secure context there is no such thing.
    return NOT_SAID
  }
}

/** What a page has of what this library needs. */
export const pageFacts = (): Readonly<Record<string, unknown>> => ({
  userAgent: navigator.userAgent,
  online: navigator.onLine,
  visibility: document.visibilityState,
  secureContext: isSecureContext,
  crossOriginIsolated,
  worker: typeof Worker !== 'undefined',
  sharedWorker: typeof SharedWorker !== 'undefined',
  locks: 'locks' in navigator,
  indexedDB: typeof indexedDB !== 'undefined',
  broadcastChannel: typeof BroadcastChannel !== 'undefined',
})
