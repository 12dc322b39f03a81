export const CRASH = 'tasks crash'

/** Ends the worker without a warning, and leaves the page without `db.close()`. */
export function crash(): void {
  new BroadcastChannel(CRASH).postMessage(null)
  location.replace('crashed.html')
}
