// @vitest-environment-options {"own":"unit/tab"}
import { expose, wrap } from 'comlink'
import * as v from 'valibot'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Remote } from '../../src/main/connect.ts'
import type { PlainOptions } from '../../src/main/options.ts'
import { settingsOf } from '../../src/main/stream-settings.ts'
import { Tab } from '../../src/main/tab.ts'
import type { ConnectMessage, EngineContract, Outcome, TabContract } from '../../src/shared/calls.ts'
import type { DiffBatch } from '../../src/shared/batch.ts'
import { createStateSchema } from '../../src/shared/state-schema.ts'
import { INITIAL_TAB_STATUS, type TabStatus } from '../../src/shared/status.ts'
import type { Write } from '../../src/shared/write.ts'

const url = 'https://example.com/s'
const state = createStateSchema({
  items: { schema: v.object({ id: v.string() }), type: 'item', primaryKey: 'id' },
  users: { schema: v.object({ id: v.string() }), type: 'user', primaryKey: 'id', syncMode: 'on-demand' },
})

let tab: Tab
/** What the engines were called, in order. */
let calls: string[]
let messages: ConnectMessage[]
let writes: Write[]
/** The answer to a write. */
let written: Outcome<null>
let engineStatus: TabStatus
/** The answer to a ping; any but the epoch is a worker's death. */
let pinged: string

function engine(): EngineContract {
  const note = <T>(name: string, value: T): T => (calls.push(name), value)
  return {
    hello: () => ({ ok: true, epoch: 'e1', status: engineStatus, aliveLock: null }),
    ping: () => pinged,
    start: () => note('start', undefined),
    reconnect: (reason) => note(`reconnect ${reason}`, undefined),
    resync: () => note('resync', undefined),
    visible: (visible) => note(`visible ${String(visible)}`, undefined),
    subsets: () => note('subsets', undefined),
    append: () => Promise.resolve({ ok: true, value: null }),
    write: (write) => (writes.push(write), note('write', Promise.resolve(written))),
    retryWrite: (id) => note(`retry ${id}`, Promise.resolve({ ok: true, value: true })),
    discardWrite: (id) => note(`discard ${id}`, Promise.resolve({ ok: true, value: false })),
    streamEnd: () => note('streamEnd', Promise.resolve({ ok: true, value: null })),
    clearCache: (discardWrites) => note(`clearCache ${String(discardWrites)}`, Promise.resolve({ ok: true, value: null })),
    inspect: () => note('inspect', Promise.resolve({ ok: false, error: { code: 'STREAM_ERROR', message: '', retryable: false } })),
    leave: () => note('leave', Promise.resolve()),
  }
}

function open(change: Partial<PlainOptions> = {}): Tab {
  const options: PlainOptions = { streamOptions: { url }, state, ...change }
  return new Tab({
    options,
    streamOptions: options.streamOptions!,
    url,
    settings: settingsOf(options, url),
    open: () => ({
      renewable: true,
      reused: false,
      endpoint: {
        post: (message) => {
          messages.push(message)
          expose(engine(), message.engine as MessagePort)
        },
        onError: () => () => undefined,
      },
      release: () => undefined,
    }),
  })
}

const batch: DiffBatch = {
  epoch: 'e1', from: '-1', to: '1', branch: 'b', seq: 1, digest: 0, last: true, replace: true, replaced: [], served: [], filling: [], isFill: false, txids: ['t1'], stored: [],
  diffs: [{ collection: 'items', rows: [{ id: '1' }], deleted: [] }],
  ready: true, stale: false, status: null, events: [], invalid: [],
}
const asEngine = (): Remote<TabContract> => wrap<TabContract>(messages.at(-1)!.tab as MessagePort) as unknown as Remote<TabContract>
const until = (holds: () => boolean): Promise<void> => vi.waitFor(() => { if (!holds()) throw new Error('it did not happen') }, { timeout: 3000, interval: 5 })
const codeOf = (work: Promise<unknown>): Promise<string | undefined> => work.then(() => undefined, (error: { code: string }) => error.code)

beforeEach(() => {
  calls = []
  messages = []
  writes = []
  written = { ok: true, value: null }
  engineStatus = { ...INITIAL_TAB_STATUS, epoch: 'e1', where: 'leader' }
  pinged = 'e1'
  tab = open()
})
afterEach(() => {
  tab.close()
  vi.unstubAllGlobals()
})

describe('a tab', () => {
  test('opens nothing before rows are asked for', async () => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([messages.length, calls]).toEqual([0, []])
  })

  test('starts once, however often rows are asked for', async () => {
    const waiting = [tab.preload(), tab.preload(), tab.awaitTxId('t1')]
    await until(() => calls.includes('start'))
    expect(await asEngine().apply(batch)).toBe('applied')
    await Promise.all(waiting)
    // Once by the session that opens, and once by the call that has opened it.
    expect(calls.filter((name) => name === 'start').length).toBe(2)
    expect([...tab.collections.byName['items']!.keys()]).toEqual(['1'])
    expect(tab.offset).toBe('1')
  })

  test('asks for the end of the stream at the first preload() after a query has started it, and not again', async () => {
    tab.collections.byName['items']!.startSyncImmediate()
    await until(() => calls.includes('start'))
    expect(await asEngine().apply(batch)).toBe('applied')
    await tab.preload()
    await until(() => calls.includes('streamEnd'))
    await tab.preload()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(calls.filter((name) => name === 'streamEnd')).toEqual(['streamEnd'])
  })

  test('whose cache was cleared tells the next engine so', async () => {
    engineStatus = { ...engineStatus, cleared: true }
    pinged = 'another'
    const preloading = codeOf(tab.preload())
    await until(() => tab.status.getSnapshot().connection === 'offline')
    pinged = 'e1'
    await until(() => messages.length === 2)
    await until(() => tab.status.getSnapshot().connection !== 'offline')
    expect(messages[1]!.hello.tab).toMatchObject({ failovers: 1, cleared: true })
    tab.reconnect('application')
    await until(() => calls.includes('reconnect application'))
    tab.close()
    // There is nothing to wait for.
    expect(await preloading).toBeUndefined()
  })
})

describe('close()', () => {
  test('is final: nothing that is asked for later opens a worker, and every wait ends', async () => {
    const waiting = [codeOf(tab.preload()), codeOf(tab.awaitTxId('t1'))]
    await until(() => calls.includes('start'))
    tab.close()
    expect(await Promise.all(waiting)).toEqual(['CLOSED', 'CLOSED'])
    tab.reconnect('application')
    tab.collections.byName['users']!.startSyncImmediate()
    expect(await Promise.all([codeOf(tab.preload()), codeOf(tab.awaitTxId('t1')), codeOf(tab.clearCache())])).toEqual(['CLOSED', 'CLOSED', 'CLOSED'])
    expect([messages.length, tab.status.getSnapshot().connection]).toEqual([1, 'closed'])
  })

  test('refuses a batch that comes after it, and leaves the rows as they are', async () => {
    void codeOf(tab.preload())
    await until(() => calls.includes('start'))
    const remote = asEngine()
    expect(await remote.apply(batch)).toBe('applied')
    tab.close()
    const late = await Promise.race([
      remote.apply({ ...batch, diffs: [{ collection: 'items', rows: [{ id: '2' }], deleted: [] }] }),
      // The port may be closed before the batch comes: then there is no answer.
      new Promise((resolve) => setTimeout(() => { resolve('no answer') }, 100)),
    ])
    expect(['resync', 'no answer']).toContain(late)
    expect([...tab.collections.byName['items']!.keys()]).toEqual(['1'])
  })

  test('removes every listener of the page, and so does the abort of the signal', async () => {
    const page = new EventTarget()
    const counted: string[] = []
    vi.stubGlobal('addEventListener', (type: string, listener: () => void) => (counted.push(type), page.addEventListener(type, listener)))
    vi.stubGlobal('removeEventListener', (type: string, listener: () => void) => (counted.splice(counted.indexOf(type), 1), page.removeEventListener(type, listener)))
    const controller = new AbortController()
    tab = open({ streamOptions: { url, signal: controller.signal } })
    expect(counted).toEqual(['online', 'pagehide'])
    page.dispatchEvent(new Event('online'))
    await until(() => calls.includes('reconnect online'))
    controller.abort()
    expect(tab.status.getSnapshot().connection).toBe('closed')
    expect(counted).toEqual([])
  })

  test('happens when the page ends, but not when the page may come back', () => {
    const page = new EventTarget()
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page))
    tab = open()
    page.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: true }))
    expect(tab.status.getSnapshot().connection).toBe('idle')
    page.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: false }))
    expect(tab.status.getSnapshot().connection).toBe('closed')
  })
})
