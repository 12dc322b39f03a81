import { useSyncExternalStore } from 'react'
import { createStore } from '../../shared/store.ts'

const failure = createStore<string | null>(null)

/** Watches a transaction of TanStack DB. When its changes cannot be stored on this device, TanStack DB takes them back, and the page says so. */
export function stored({ isPersisted }: { isPersisted: { promise: Promise<unknown> } }): void {
  isPersisted.promise.then(
    () => failure.set(null),
    (error: unknown) => failure.set(error instanceof Error ? error.message : String(error)),
  )
}

export function Unsaved() {
  const message = useSyncExternalStore(failure.subscribe, failure.getSnapshot)
  if (message === null) return null
  return (
    <p role="alert" className="notice bad">
      The last change could not be stored on this device, and was taken back: {message}
    </p>
  )
}
