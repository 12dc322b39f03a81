let held: Promise<string | null> | undefined

/**
 * The name of a Web Lock that this page holds for as long as it lives. A worker that waits for the lock learns of the page's end,
 * also when the page crashes. Null without Web Locks.
 */
export function tabLock(): Promise<string | null> {
  return (held ??= new Promise((resolve) => {
    const name = `sidestream:tab:${String(Math.random())}${String(performance.now())}`
    const locks = (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks
    if (!locks) {
      resolve(null)
      return
    }
    locks
      .request(name, () => {
        resolve(name)
        return new Promise(() => undefined)
      })
      .catch(() => {
        resolve(null)
      })
  }))
}
