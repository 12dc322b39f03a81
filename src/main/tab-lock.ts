let held: Promise<string | null> | undefined

/**
 * Name of a Web Lock that this page holds for as long as it lives: whoever waits for it learns of the page's end, also of
 * one that nobody announces. Null where there are no locks.
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
