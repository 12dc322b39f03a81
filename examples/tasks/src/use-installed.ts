import { useEffect, useState } from 'react'

/** Whether the service worker has all files of the application. */
export function useInstalled(): boolean {
  const [isInstalled, setInstalled] = useState(false)
  useEffect(() => {
    // Without a service worker the promise never settles.
    void navigator.serviceWorker?.ready.then(() => setInstalled(true))
  }, [])
  return isInstalled
}
