export type BrokenStorage = 'missing' | 'refusing' | 'hanging'

/** Breaks this page's or worker's IndexedDB, in ways that no browser can be told to. */
export function breakStorage(how: BrokenStorage): void {
  if (how === 'missing') {
    Object.defineProperty(globalThis, 'indexedDB', { value: undefined })
    return
  }
  const open = IDBFactory.prototype.open
  IDBFactory.prototype.open = function () {
    if (how === 'refusing') throw new DOMException('Access is denied', 'SecurityError')
    const request = open.call(this, 'never-heard-of')
    // A request that nobody hears of again.
    request.addEventListener = () => undefined
    return request
  }
}
