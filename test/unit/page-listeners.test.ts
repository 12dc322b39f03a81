// @vitest-environment-options {"own":"unit/page-listeners"}
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { listenToPage } from '../../src/main/page-listeners.ts'

/** An event target that counts what listens to it. */
class CountingTarget extends EventTarget {
  readonly listeners: string[] = []
  visibilityState = 'visible'

  override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
    this.listeners.push(args[0])
    super.addEventListener(...args)
  }

  override removeEventListener(...args: Parameters<EventTarget['removeEventListener']>): void {
    this.listeners.splice(this.listeners.indexOf(args[0]), 1)
    super.removeEventListener(...args)
  }
}

let page: CountingTarget
let document: CountingTarget
let signal: CountingTarget
let heard: string[]

const listen = (): (() => void) =>
  listenToPage({
    onOnline: () => heard.push('online'),
    onVisibility: () => heard.push('visibility'),
    onEnd: () => heard.push('end'),
    signal: signal as unknown as AbortSignal,
  })

function tellAll(): void {
  page.dispatchEvent(new Event('online'))
  document.dispatchEvent(new Event('visibilitychange'))
  page.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: false }))
  signal.dispatchEvent(new Event('abort'))
}

beforeEach(() => {
  page = new CountingTarget()
  document = new CountingTarget()
  signal = new CountingTarget()
  heard = []
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page))
  vi.stubGlobal('document', document)
})
afterEach(() => {
  vi.unstubAllGlobals()
})

describe('the listeners of a page', () => {
  test('hear of the network, of being shown or hidden, and of the end', () => {
    listen()
    tellAll()
    expect(heard).toEqual(['online', 'visibility', 'end', 'end'])
  })

  test('take a page that may come back for one that goes on', () => {
    listen()
    page.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: true }))
    expect(heard).toEqual([])
  })

  test('are all removed by one call', () => {
    const unlisten = listen()
    expect([page.listeners, document.listeners, signal.listeners]).toEqual([['online', 'pagehide'], ['visibilitychange'], ['abort']])
    unlisten()
    expect([page.listeners, document.listeners, signal.listeners]).toEqual([[], [], []])
    tellAll()
    expect(heard).toEqual([])
  })

  test('of two StreamDBs are removed one by one', () => {
    const unlisten = listen()
    listen()
    unlisten()
    tellAll()
    expect(heard).toEqual(['online', 'visibility', 'end', 'end'])
  })

  test('are none but the signal’s where there is no page', () => {
    vi.unstubAllGlobals()
    const unlisten = listen()
    expect([page.listeners, document.listeners, signal.listeners]).toEqual([[], [], ['abort']])
    unlisten()
    expect(signal.listeners).toEqual([])
  })
})
