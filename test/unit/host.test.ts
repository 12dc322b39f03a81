import { beforeEach, describe, expect, test } from 'vitest'
import type { EngineContract, Hello, HelloReply } from '../../src/shared/calls.ts'
import type { TabStatus } from '../../src/shared/status.ts'
import { Team } from '../../src/worker/leadership/team.ts'
import { itemEvents } from '../support/schema.ts'
import { ScriptedHost, scriptedHello, scriptedSettings } from './scripted-engine.ts'
import { ScriptedTab, settled } from './scripted-tab.ts'
import { newTab } from '../support/tab-description.ts'

let world: ScriptedHost
beforeEach(() => {
  world = new ScriptedHost()
})

interface Guest {
  readonly tab: ScriptedTab
  readonly engine: EngineContract
  readonly gone: AbortController
  status(): TabStatus
}

function enter(change: Partial<Hello> = {}): Guest {
  const tab = new ScriptedTab()
  const gone = new AbortController()
  const engine = world.host.admit(scriptedHello(change), tab, gone, { where: 'shared-worker', aliveLock: null })
  return { tab, gone, engine, status: () => tab.statuses.at(-1)! }
}

const epochOf = async (engine: EngineContract): Promise<string> => ((await engine.hello()) as HelloReply & { ok: true }).epoch

describe('a tab that has signed out with an earlier engine', () => {
  test('gets no rows, although another tab of the engine has them, before it calls reconnect()', async () => {
    const other = enter()
    other.engine.start()
    await settled()
    await world.source.deliver(itemEvents(3), '3')
    const tab = enter({ tab: newTab({ cleared: true }) })
    expect(await tab.engine.hello()).toMatchObject({ status: { cleared: true, rows: 0 } })
    tab.engine.start()
    await world.source.deliver(itemEvents(2, 10), '5')
    world.clock.advance(1000)
    await settled()
    expect(tab.tab.deliveries).toEqual([])
    expect(tab.status()).toMatchObject({ connection: 'live', cleared: true, rows: 0 })
    expect(other.status()).toMatchObject({ cleared: false, rows: 3 })
    tab.engine.reconnect('application')
    await settled()
    expect(tab.tab.last.batch.diffs.map(({ collection, rows }) => [collection, rows])).toMatchObject([['items', { length: 5 }]])
    expect(tab.tab.last.batch.status).toMatchObject({ cleared: false, rows: 5 })
  })

  test('does not start the engine', async () => {
    const tab = enter({ tab: newTab({ cleared: true }) })
    tab.engine.start()
    await settled()
    expect(world.source.reads).toBe(0)
    tab.engine.reconnect('application')
    await settled()
    expect(world.source.reads).toBe(1)
  })

  test('that wants no rows gets none after reconnect() either', async () => {
    const tab = enter({ tab: newTab({ cleared: true }) })
    tab.engine.reconnect('application')
    await settled()
    expect([world.source.reads, tab.tab.deliveries]).toEqual([0, []])
  })
})

describe('an engine without tabs', () => {
  test('lives two seconds after the last leave, whenever there was one before', async () => {
    const first = enter()
    const epoch = await epochOf(first.engine)
    first.gone.abort()
    world.clock.advance(1000)
    const second = enter()
    expect(await epochOf(second.engine)).toBe(epoch)
    world.clock.advance(500)
    second.gone.abort()
    await settled()
    // Two seconds after the first leave.
    world.clock.advance(500)
    const third = enter()
    expect(await epochOf(third.engine)).toBe(epoch)
    third.gone.abort()
    world.clock.advance(1999)
    expect(world.clock.pending).toBeGreaterThan(0)
    world.clock.advance(1)
    expect(await epochOf(enter().engine)).not.toBe(epoch)
  })

  test('lives as long when its worker leads a team', async () => {
    const team = new Team({ env: world.env, host: world.host, aliveLock: null, version: '1' })
    const join = (): AbortController => {
      const gone = new AbortController()
      const engine = team.admit(scriptedHello(), new ScriptedTab(), gone)
      engine.start()
      return gone
    }
    const first = join()
    await settled()
    first.abort()
    world.clock.advance(1000)
    const second = join()
    await settled()
    world.clock.advance(500)
    second.abort()
    await settled()
    world.clock.advance(500)
    join()
    await settled()
    expect(world.sources.length).toBe(1)
  })
})

test('tabs whose collections are in another order share an engine, and so the cache that only one may write', async () => {
  const one = enter()
  const { collections, ...rest } = scriptedSettings()
  const other = enter({ settings: { collections: [...collections].reverse(), ...rest } })
  expect(await epochOf(other.engine)).toBe(await epochOf(one.engine))
})

describe('a paused stream', () => {
  const hidden = { settings: scriptedSettings({ pauseWhenHidden: 300 }), tab: newTab({ visible: false }) }

  /** Of two hidden tabs, once the stream has been read to its end and rests. */
  async function rest(): Promise<Guest[]> {
    const tabs = [enter(hidden), enter(hidden)]
    for (const { engine } of tabs) engine.start()
    await settled()
    await world.source.deliver(itemEvents(1), '1')
    for (const { tab } of tabs) tab.last.answer('applied')
    await settled()
    world.clock.advance(300)
    await settled()
    expect([world.source.isRead, tabs[1]!.status().connection]).toEqual([false, 'paused'])
    return tabs
  }

  test('stays so when its hidden tabs leave, the last one too', async () => {
    const tabs = await rest()
    for (const { gone } of tabs) {
      gone.abort()
      await settled()
    }
    expect([world.source.isRead, world.source.reads]).toEqual([false, 1])
    world.clock.advance(1000)
    const next = enter(hidden)
    next.engine.start()
    await settled()
    expect([world.source.isRead, world.sources.length]).toEqual([false, 1])
    next.engine.visible(true)
    await settled()
    expect(world.source.isRead).toBe(true)
  })
})

describe('what is wrong with one tab', () => {
  const refused = { id: 1, subset: { collection: 'items', where: { type: 'func', name: 'no such function', args: [] }, first: null } } as const

  test('is in that tab’s status only: a where clause that is refused', async () => {
    const [asking, other] = [enter({ tab: newTab({ modes: { items: 'on-demand' } }) }), enter()]
    for (const { engine } of [asking, other]) engine.start()
    await settled()
    await world.source.deliver(itemEvents(1), '1')
    for (const { tab } of [asking, other]) tab.last.answer('applied')
    await settled()
    asking.engine.subsets([refused])
    world.clock.advance(30)
    await settled()
    expect(asking.status().lastError).toMatchObject({ code: 'INVALID_OPTIONS' })
    expect(other.status().lastError).toBe(null)
  })

  test('gives way to what is wrong with the engine, and is over when the stream is read on', async () => {
    const tab = enter({ tab: newTab({ modes: { items: 'on-demand' }, subsets: [refused] }) })
    tab.engine.start()
    await settled()
    await world.source.deliver(itemEvents(1), '1')
    world.clock.advance(30)
    expect(tab.tab.last.batch.status?.lastError ?? tab.status().lastError).toMatchObject({ code: 'INVALID_OPTIONS' })
    tab.tab.last.answer('applied')
    world.source.fail(new Error('the network is down'))
    await settled()
    world.clock.advance(30)
    expect(tab.status().lastError).toMatchObject({ code: 'OFFLINE' })
    tab.engine.reconnect('application')
    await settled()
    await world.source.deliver(itemEvents(2), '2')
    world.clock.advance(30)
    expect(tab.status().lastError).toBe(null)
  })

  test('is in that tab’s status only: a diff that cannot be handed over', async () => {
    const [failing, other] = [enter(), enter()]
    for (const { engine } of [failing, other]) engine.start()
    await settled()
    await world.source.deliver(itemEvents(1), '1')
    failing.tab.last.fail(new Error('cannot be cloned'))
    other.tab.last.answer('applied')
    await settled()
    world.clock.advance(30)
    expect(failing.status().lastError).toMatchObject({ code: 'TAB_GONE' })
    expect(other.status().lastError).toBe(null)
  })
})

describe('headers and params', () => {
  const boom = { ok: false, error: { code: 'REQUEST_VALUES', message: 'streamOptions.headers.token threw: no session', retryable: true } } as const

  test('are had of the tab whose functions work, and no more of the one whose function throws', async () => {
    const [bad, good] = [enter({ request: null }), enter({ request: null, tab: newTab({ visible: false }) })]
    let asked = 0
    bad.tab.requestValues = () => {
      asked += 1
      return Promise.resolve(boom)
    }
    good.tab.requestValues = () => Promise.resolve({ ok: true, value: { headers: { token: 't' }, params: {} } })
    bad.engine.start()
    await settled()
    for (let request = 0; request < 3; request += 1) expect(await world.source.ask()).toEqual({ headers: { token: 't' }, params: {} })
    expect(asked).toBe(1)
  })

  test('that no tab can give are the application’s fault', async () => {
    for (const { tab, engine } of [enter({ request: null }), enter({ request: null })]) {
      tab.requestValues = () => Promise.resolve(boom)
      engine.start()
    }
    await settled()
    await expect(world.source.ask()).rejects.toMatchObject(boom.error)
  })
})
