/**
 * Starts the service worker that is the demo's server, and waits until this page's requests go to it. A shared worker that is
 * started before would ask the host of the files, which knows no stream.
 */
export async function startServer(): Promise<void> {
  if (!('serviceWorker' in navigator)) throw new Error('It needs a service worker, which this browser does not give this page.')
  const { serviceWorker } = navigator
  const registration = await serviceWorker.register('sw.js')
  await Promise.race([serviceWorker.ready, failureOf(registration)])
  if (serviceWorker.controller) return
  const controlled = new Promise<void>((resolve) => serviceWorker.addEventListener('controllerchange', () => resolve(), { once: true }))
  // Of its own accord it takes over pages only once, when it is new: not one that was reloaded past it.
  registration.active?.postMessage('claim')
  await controlled
}

/** Rejects when the first service worker could not be installed. */
function failureOf({ installing, active }: ServiceWorkerRegistration): Promise<never> {
  return new Promise((_, reject) => {
    if (!installing || active) return
    installing.addEventListener('statechange', () => {
      if (installing.state === 'redundant') reject(new Error('Its files could not be loaded. Reload the page to try again.'))
    })
  })
}
