import { beforeEach, describe, expect, test } from 'vitest'
import type { DiffBatch } from '../../src/shared/batch.ts'
import { PROTOCOL_VERSION, type EngineContract, type Hello, type HelloReply, type TabContract } from '../../src/shared/calls.ts'
import { INITIAL_TAB_STATUS, type TabStatus } from '../../src/shared/status.ts'
import { Seat } from '../../src/worker/leadership/seat.ts'
import { ScriptedTab, settled } from './scripted-tab.ts'
import { newTab } from '../support/tab-description.ts'

/** An engine that a seat is attached to. */
class ScriptedEngine {
  readonly calls: string[] = []
  /** The tab, as this engine reaches it. */
  tab: TabContract | null = null
  readonly status: TabStatus
  append: Promise<{ ok: true; value: null }> = Promise.resolve({ ok: true, value: null })
  streamEnd: Promise<{ ok: true; value: string }> = Promise.resolve({ ok: true, value: '7' })

  constructor(epoch: string, rest: Partial<TabStatus> = {}) {
    this.status = { ...INITIAL_TAB_STATUS, epoch, ...rest }
  }

  readonly enter = (tab: TabContract): EngineContract => {
    this.tab = tab
    const note = (name: string) => (): void => {
      this.calls.push(name)
    }
    return {
      hello: (): HelloReply => ({ ok: true, epoch: this.status.epoch, status: this.status, aliveLock: null }),
      ping: () => this.status.epoch,
      start: note('start'),
      reconnect: note('reconnect'),
      resync: note('resync'),
      visible: note('visible'),
      subsets: note('subsets'),
      append: () => this.append,
      write: () => Promise.resolve({ ok: true, value: null }),
      retryWrite: () => Promise.resolve({ ok: true, value: true }),
      discardWrite: () => Promise.resolve({ ok: true, value: true }),
      streamEnd: () => this.streamEnd,
      clearCache: () => Promise.resolve({ ok: true, value: null }),
      inspect: () => Promise.resolve({ ok: false, error: { code: 'STREAM_ERROR', message: this.status.epoch, retryable: false } }),
      leave: () => Promise.resolve(),
    }
  }
}

const hello: Hello = {
  version: PROTOCOL_VERSION, client: 'c', request: null, wantsEvents: false, wantsRejected: false, tabLock: null,
  tab: newTab(),
  settings: { url: 'http://s', scope: '', collections: [], live: true, contentType: null, batching: true, backoff: null, cache: null, pauseWhenHidden: null, silenceTimeoutMs: 45_000 },
}

let tab: ScriptedTab
let gone: AbortController
let seat: Seat
beforeEach(() => {
  tab = new ScriptedTab()
  gone = new AbortController()
  seat = new Seat({ hello, tab, gone, epoch: 'seat', aliveLock: null })
})

const shown = (): TabStatus => tab.statuses.at(-1)!

const batch: DiffBatch = {
  epoch: '1', from: '-1', to: '1', branch: 'b', seq: 1, digest: 1, last: true, diffs: [], replace: false, replaced: [], served: [], filling: [], isFill: false, txids: [], stored: [], ready: true,
  stale: false, status: null, events: [], invalid: [],
}

describe('a seat', () => {
  test('starts each engine that it is attached to, once the tab has started', async () => {
    const [one, two] = [new ScriptedEngine('1'), new ScriptedEngine('2')]
    await seat.attach(one.enter)
    expect(one.calls).toEqual([])
    seat.contract.start()
    expect(one.calls).toEqual(['start'])
    await seat.attach(two.enter)
    expect(two.calls).toEqual(['start'])
    expect(await seat.contract.hello()).toMatchObject({ ok: true, epoch: 'seat' })
    expect((await seat.hello()).tab.failovers).toBe(2)
  })

  test('tells each next engine that its tab has signed out, until the tab calls reconnect()', async () => {
    const [one, two] = [new ScriptedEngine('1'), new ScriptedEngine('2', { cleared: true })]
    await seat.attach(one.enter)
    seat.contract.start()
    expect((await seat.hello()).tab.cleared).toBe(false)
    one.tab!.status({ ...one.status, cleared: true })
    expect((await seat.hello()).tab.cleared).toBe(true)
    await seat.attach(two.enter)
    expect(shown()).toMatchObject({ epoch: '2', cleared: true })
    expect((await seat.hello()).tab.cleared).toBe(true)
    seat.contract.reconnect('application')
    expect(two.calls).toEqual(['start', 'reconnect'])
    expect((await seat.hello()).tab.cleared).toBe(false)
  })

  test('hands on to the next engine what the tab has said since the hello to it', async () => {
    const [one, two] = [new ScriptedEngine('1'), new ScriptedEngine('2', { cleared: true })]
    await seat.attach(one.enter)
    seat.contract.start()
    one.tab!.status({ ...one.status, cleared: true })
    seat.detach()
    expect((await seat.hello()).tab).toMatchObject({ cleared: true, visible: true, subsets: [] })
    seat.contract.reconnect('application')
    seat.contract.visible(false)
    const change = { id: 1, subset: { collection: 'users', where: null, orderBy: [], limit: null } }
    seat.contract.subsets([change] as never)
    await seat.attach(two.enter)
    expect(two.calls).toEqual(['subsets', 'visible', 'reconnect', 'start'])
    expect((await seat.hello()).tab).toMatchObject({ cleared: false, visible: false, subsets: [change] })
  })

  test('knows that the tab has signed out by its own clearCache(), also when no status has said so before the engine is lost', async () => {
    const one = new ScriptedEngine('1')
    await seat.attach(one.enter)
    seat.contract.start()
    await seat.contract.clearCache(false)
    one.tab!.status({ ...one.status, tabs: 2 })
    expect((await seat.hello()).tab.cleared).toBe(true)
  })

  test('forgets no reconnect(): neither one that is called while the batch that brings `cleared` is applied, nor one without an engine', async () => {
    const [one, two] = [new ScriptedEngine('1'), new ScriptedEngine('2', { connection: 'needs-auth' })]
    await seat.attach(one.enter)
    seat.contract.start()
    const answered = one.tab!.apply({ ...batch, status: { ...one.status, cleared: true } })
    await settled()
    seat.contract.reconnect('application')
    tab.last.answer('applied')
    await answered
    seat.detach()
    expect((await seat.hello()).tab.cleared).toBe(false)
    seat.contract.reconnect('online')
    await seat.hello()
    await seat.attach(two.enter)
    expect(two.calls).toEqual(['reconnect', 'start'])
    await seat.attach(one.enter)
    expect(one.calls.filter((name) => name === 'reconnect')).toHaveLength(1)
  })

  test('goes on to show the number of rows that the tab has, until the next engine has read as far', async () => {
    const [one, two] = [new ScriptedEngine('1'), new ScriptedEngine('2')]
    await seat.attach(one.enter)
    seat.contract.start()
    one.tab!.status({ ...one.status, ready: true, rows: 7 })
    await seat.attach(two.enter)
    for (const rows of [0, 3]) {
      two.tab!.status({ ...two.status, rows })
      expect(shown()).toMatchObject({ epoch: '2', rows: 7 })
    }
    two.tab!.status({ ...two.status, ready: true, rows: 6 })
    expect(shown()).toMatchObject({ rows: 6 })
    expect(tab.statuses.slice(1).map(({ rows }) => rows)).not.toContain(0)
  })

  test('shows no rows of a former engine once the tab has signed out, also when the next one says so by a batch', async () => {
    const [one, two] = [new ScriptedEngine('1'), new ScriptedEngine('2', { cleared: true })]
    await seat.attach(one.enter)
    seat.contract.start()
    one.tab!.status({ ...one.status, ready: true, rows: 7 })
    await seat.attach(two.enter)
    expect(shown()).toMatchObject({ epoch: '2', cleared: true, rows: 0 })
    one.tab!.status({ ...one.status, ready: true, rows: 7 })
    void two.tab!.apply({ ...batch, epoch: '2', status: { ...two.status, connection: 'connecting' } })
    await settled()
    expect(tab.statuses.filter(({ cleared, rows }) => cleared && rows > 0)).toEqual([])
  })

  test('lets a former engine say nothing, and gives its calls up', async () => {
    const one = new ScriptedEngine('1')
    one.append = new Promise(() => undefined)
    await seat.attach(one.enter)
    seat.contract.start()
    const call = seat.contract.append('x', {})
    seat.detach()
    expect(await call).toMatchObject({ ok: false, error: { code: 'WORKER_DIED', retryable: true } })
    expect(shown().connection).toBe('connecting')
    const before = tab.statuses.length
    one.tab!.status({ ...one.status, connection: 'live' })
    expect(tab.statuses.length).toBe(before)
    expect(await one.tab!.apply({ epoch: '1', from: '-1', to: '1', branch: 'b', seq: 1, digest: 1, last: true, diffs: [], replace: false, replaced: [], served: [], filling: [], isFill: false, txids: [], stored: [], ready: true, stale: false, status: null, events: [], invalid: [] })).toBe('resync')
    expect(tab.deliveries).toEqual([])
  })

  test('asks its engine where the stream ends, and does not wait for one that is lost', async () => {
    const one = new ScriptedEngine('1')
    await seat.attach(one.enter)
    expect(await seat.contract.streamEnd()).toEqual({ ok: true, value: '7' })
    one.streamEnd = new Promise(() => undefined)
    const call = seat.contract.streamEnd()
    seat.detach()
    expect(await call).toMatchObject({ ok: false, error: { code: 'WORKER_DIED' } })
  })

  test('has a call wait for an engine, and rejects it when the tab is gone', async () => {
    const call = seat.contract.append('x', {})
    await settled()
    gone.abort()
    expect(await call).toMatchObject({ ok: false, error: { code: 'TAB_GONE' } })
  })
})
