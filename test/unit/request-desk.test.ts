import { beforeEach, describe, expect, test } from 'vitest'
import { SidestreamError } from '../../src/shared/errors.ts'
import type { RequestValues } from '../../src/shared/calls.ts'
import { RequestDesk, type Asked } from '../../src/worker/tabs/request-desk.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { settled } from './scripted-tab.ts'

const valuesOf = (name: string): RequestValues => ({ headers: { name }, params: {} })

/** A tab that answers with its name, never, or when told to. */
class ScriptedAsked implements Asked {
  readonly name: string
  visible: boolean
  answers = true
  asked = 0
  /** What its function throws. */
  error: Error | null = null
  readonly #gone = new AbortController()

  constructor(name: string, rest: { visible?: boolean; answers?: boolean } = {}) {
    this.name = name
    this.visible = rest.visible ?? true
    this.answers = rest.answers ?? true
  }

  readonly joining = {
    link: { gone: this.#gone.signal },
    request: (): Promise<RequestValues> => {
      this.asked += 1
      return new Promise((resolve, reject) => {
        this.#gone.signal.addEventListener('abort', () => { reject(new Error('gone')) })
        if (this.error) reject(this.error)
        else if (this.answers) resolve(valuesOf(this.name))
      })
    },
  }

  leave(): void {
    this.#gone.abort()
  }
}

let clock: ManualClock
let tabs: Set<ScriptedAsked>
let closed: AbortController
let desk: RequestDesk
beforeEach(() => {
  clock = new ManualClock()
  tabs = new Set()
  closed = new AbortController()
  desk = new RequestDesk({ clock, tabs, closed: closed.signal })
})

function join(tab: ScriptedAsked): ScriptedAsked {
  tabs.add(tab)
  desk.notice()
  return tab
}

/** The answer, or null while there is none. */
function asking(): { answer: RequestValues | Error | null } {
  const result: { answer: RequestValues | Error | null } = { answer: null }
  desk.ask().then((values) => { result.answer = values }, (error: unknown) => { result.answer = error as Error })
  return result
}

describe('the values of a request', () => {
  test('are asked of a tab that can be seen first', async () => {
    const hidden = join(new ScriptedAsked('hidden', { visible: false }))
    join(new ScriptedAsked('visible'))
    expect(await desk.ask()).toEqual(valuesOf('visible'))
    expect(hidden.asked).toBe(0)
  })

  test('are asked of the next tab when one does not answer in time; that one is asked last from then on', async () => {
    const silent = join(new ScriptedAsked('silent', { answers: false }))
    join(new ScriptedAsked('other', { visible: false }))
    const first = asking()
    await settled()
    expect(first.answer).toBe(null)
    clock.advance(5000)
    await settled()
    expect(first.answer).toEqual(valuesOf('other'))
    expect(await desk.ask()).toEqual(valuesOf('other'))
    expect(silent.asked).toBe(1)
  })

  test('are asked of a newcomer when the only tab does not answer', async () => {
    const silent = join(new ScriptedAsked('silent', { answers: false }))
    const first = asking()
    clock.advance(60_000)
    await settled()
    expect(first.answer).toBe(null)
    join(new ScriptedAsked('newcomer'))
    await settled()
    expect(first.answer).toEqual(valuesOf('newcomer'))
    expect(silent.asked).toBe(1)
    expect(clock.pending).toBe(0)
  })

  test('are asked of a late tab again where there is no other, and it is forgiven', async () => {
    const late = join(new ScriptedAsked('late', { answers: false }))
    const newcomer = new ScriptedAsked('newcomer', { visible: false })
    const first = asking()
    await settled()
    join(newcomer)
    await settled()
    expect(first.answer).toEqual(valuesOf('newcomer'))
    tabs.delete(newcomer)
    late.answers = true
    expect(await desk.ask()).toEqual(valuesOf('late'))
    tabs.add(newcomer)
    expect(await desk.ask()).toEqual(valuesOf('late'))
  })

  test('are asked of somebody else when a tab goes while it is asked, also of one that comes later', async () => {
    const going = join(new ScriptedAsked('going', { answers: false }))
    const first = asking()
    await settled()
    tabs.delete(going)
    going.leave()
    await settled()
    expect(first.answer).toBe(null)
    join(new ScriptedAsked('later'))
    await settled()
    expect(first.answer).toEqual(valuesOf('later'))
  })

  test('are asked of another tab when one tab’s function throws, and of that one last from then on', async () => {
    const bad = join(new ScriptedAsked('bad'))
    const good = join(new ScriptedAsked('good', { visible: false }))
    bad.error = new SidestreamError('REQUEST_VALUES', 'headers.token threw: no')
    for (let request = 0; request < 3; request += 1) expect(await desk.ask()).toEqual(valuesOf('good'))
    expect([bad.asked, good.asked]).toEqual([1, 3])
    tabs.delete(good)
    good.leave()
    bad.error = null
    expect(await desk.ask()).toEqual(valuesOf('bad'))
    tabs.add(new ScriptedAsked('newcomer', { visible: false }))
    expect(await desk.ask()).toEqual(valuesOf('bad'))
  })

  test('are refused with the application’s error when every tab’s function throws', async () => {
    for (const name of ['one', 'two']) join(new ScriptedAsked(name)).error = new SidestreamError('REQUEST_VALUES', `headers.token threw: ${name}`)
    await expect(desk.ask()).rejects.toMatchObject({ code: 'REQUEST_VALUES', message: 'headers.token threw: one', retryable: true })
    expect([...tabs].map(({ asked }) => asked)).toEqual([1, 1])
  })

  test('are refused so also when a call itself fails, and when no other tab answers in time', async () => {
    join(new ScriptedAsked('bad')).error = new Error('cannot be cloned')
    const silent = join(new ScriptedAsked('silent', { answers: false, visible: false }))
    const first = asking()
    await settled()
    expect([first.answer, silent.asked]).toEqual([null, 1])
    clock.advance(5000)
    await settled()
    expect(first.answer).toMatchObject({ code: 'REQUEST_VALUES', message: 'cannot be cloned', retryable: true })
    expect(clock.pending).toBe(0)
  })

  test('are not to be had once the engine is closed', async () => {
    join(new ScriptedAsked('silent', { answers: false }))
    const first = asking()
    await settled()
    closed.abort()
    desk.notice()
    await settled()
    expect(first.answer).toMatchObject({ code: 'TAB_GONE', retryable: true })
  })
})
