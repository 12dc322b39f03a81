// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { DevtoolsDB } from '../../src/devtools/devtools-db.ts'
import { draw, h } from '../../src/devtools/dom.ts'
import { Panel } from '../../src/devtools/panel.ts'
import { sidestreamDevtools } from '../../src/devtools/plugin.ts'
import { INITIAL_TAB_STATUS, type StreamDBStatus } from '../../src/shared/status.ts'

/** The last observer that was made: the test says whether the panel is in sight. */
class Sight {
  static last: Sight
  readonly #tell: (entries: ReadonlyArray<{ isIntersecting: boolean }>) => void
  isObserving = false

  constructor(tell: (entries: ReadonlyArray<{ isIntersecting: boolean }>) => void) {
    this.#tell = tell
    Sight.last = this
  }

  observe(): void {
    this.isObserving = true
  }

  disconnect(): void {
    this.isObserving = false
  }

  tell(isIntersecting: boolean): void {
    this.#tell([{ isIntersecting }])
  }
}

const status: StreamDBStatus = { ...INITIAL_TAB_STATUS, stale: false, fallbacks: {} }
const listeners = new Set<() => void>()
const store = <T>(value: T): { getSnapshot: () => T; getServerSnapshot: () => T; subscribe: (listener: () => void) => () => void; store: never } => ({
  getSnapshot: () => value,
  getServerSnapshot: () => value,
  subscribe: (listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
  store: undefined as never,
})

let asked: number
let answer: () => Promise<null>
const db: DevtoolsDB = {
  stream: { url: 'http://s.test/<b>1', append: () => Promise.resolve() },
  status: store(status),
  outbox: { ...store([]), retry: () => Promise.resolve(true), discard: () => Promise.resolve(true) },
  collections: {},
  reconnect: () => undefined,
  clearCache: () => Promise.resolve(),
  inspect: () => {
    asked += 1
    return answer()
  },
}

let host: HTMLElement
beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('IntersectionObserver', Sight)
  asked = 0
  answer = () => Promise.resolve(null)
  host = document.createElement('div')
  document.body.append(host)
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
  host.remove()
  expect(listeners.size).toBe(0)
})

describe('a panel', () => {
  test('asks once a second while it is in sight, and never otherwise', async () => {
    const panel = new Panel(host, db, null)
    await vi.advanceTimersByTimeAsync(5000)
    expect(asked).toBe(0)
    Sight.last.tell(true)
    await vi.advanceTimersByTimeAsync(4500)
    expect(asked).toBe(5)
    Sight.last.tell(false)
    await vi.advanceTimersByTimeAsync(5000)
    expect([asked, listeners.size]).toEqual([5, 0])
    Sight.last.tell(true)
    await vi.advanceTimersByTimeAsync(500)
    expect(asked).toBe(6)
    panel.close()
    await vi.advanceTimersByTimeAsync(5000)
    expect([asked, Sight.last.isObserving, vi.getTimerCount()]).toEqual([6, false, 0])
  })

  test('does not ask an engine again that is silent, and says what went wrong', async () => {
    let reject: (error: Error) => void = () => undefined
    answer = () => new Promise((_, fail) => { reject = fail })
    const panel = new Panel(host, db, null)
    Sight.last.tell(true)
    await vi.advanceTimersByTimeAsync(10_000)
    Sight.last.tell(false)
    Sight.last.tell(true)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(asked).toBe(1)
    reject(new Error('the worker has died'))
    await vi.advanceTimersByTimeAsync(200)
    expect(host.shadowRoot!.textContent).toContain('no answer: the worker has died')
    panel.close()
  })

  test('is one for each element that TanStack Devtools give, until it is destroyed', () => {
    const plugin = sidestreamDevtools([db, db])
    plugin.render(host, { theme: 'dark' })
    plugin.render(host, { theme: 'light' })
    expect(host.children.length).toBe(1)
    const { shadowRoot } = host.firstElementChild!
    expect(shadowRoot!.querySelector('.panel')!.getAttribute('data-theme')).toBe('light')
    expect([...shadowRoot!.querySelectorAll('option')].map(({ textContent }) => textContent)).toEqual(['/%3Cb%3E1', '/%3Cb%3E1'])
    host.replaceChildren()
    plugin.render(host, 'dark')
    expect(host.children.length).toBe(1)
    plugin.destroy()
    expect(host.children.length).toBe(0)
  })

  test('without a StreamDB says so', () => {
    const panel = new Panel(host, [], null)
    expect(host.shadowRoot!.textContent).toBe('There is no StreamDB to show.')
    panel.close()
  })
})

describe('a picture', () => {
  const list = (...keys: string[]): void => {
    draw(host, [h('ul', {}, ...keys.map((key) => h('li', { key }, h('button', {}, key))))])
  }
  const texts = (): string[] => [...host.querySelectorAll('li')].map(({ textContent }) => textContent)

  test('keeps the elements of what stays, in any order, and so their focus', () => {
    list('a', 'b', 'c')
    const last = host.querySelectorAll('button')[2]!
    last.focus()
    list('c')
    expect([texts(), document.activeElement === last]).toEqual([['c'], true])
    list('x', 'c', 'y')
    expect([texts(), document.activeElement === last]).toEqual([['x', 'c', 'y'], true])
    list('y', 'x', 'c')
    expect(texts()).toEqual(['y', 'x', 'c'])
    list()
    expect(texts()).toEqual([])
  })

  test('makes no elements of texts, and takes away what is not set any more', () => {
    const seen = vi.fn()
    draw(host, [h('p', { class: 'a', title: '"><b>', onclick: seen }, '<b>x</b>', h('i', {}, 'y'))])
    const element = host.querySelector('p')!
    element.click()
    expect([host.querySelectorAll('b').length, element.textContent, seen.mock.calls.length]).toEqual([0, '<b>x</b>y', 1])
    draw(host, [h('p', { title: null }, h('i', {}, 'z'), 'w')])
    element.click()
    expect([host.innerHTML, host.firstChild === element, seen.mock.calls.length]).toEqual(['<p><i>z</i>w</p>', true, 1])
  })
})
