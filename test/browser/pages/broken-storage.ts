export type BrokenStorage = 'missing' | 'refusing' | 'hanging'

/** Breaks this page's or worker's IndexedDB, in ways that no browser can be told to. */
export function breakStorage(how: BrokenStorage): void {
  if (how === 'missing') {
    Object.defineProperty(globalThis, 'indexedDB', { value: undefined })
    return
  }
  IDBFactory.prototype.open = () => {
    if (how === 'refusing') throw new DOMException('Access is denied', 'SecurityError')
    return new EventTarget() as IDBOpenDBRequest
  }
}
