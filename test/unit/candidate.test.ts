import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { PROTOCOL_VERSION, type RequestValues } from '../../src/shared/calls.ts'
import type { TabStatus } from '../../src/shared/status.ts'
import { type EngineEnv, type Locks, SourceError } from '../../src/worker/ports.ts'
import { anyHello, anyTab, NO_OUTBOX, Origin, settled } from '../support/origin.ts'
import { newTab } from '../support/tab-description.ts'

const TOKEN = 'canary-token'
const values = { headers: { authorization: TOKEN }, params: { key: TOKEN } }

let origin: Origin
beforeEach(() => {
  origin = new Origin()
})

interface Joined {
  readonly statuses: TabStatus[]
  readonly shown: () => TabStatus
  readonly leave: () => void
  readonly reconnect: () => void
}

async function join(name: string, given: Parameters<typeof anyHello>[1] = {}, env: Parameters<Origin['worker']>[1] = {}, asked = (): RequestValues => values): Promise<Joined & ReturnType<Origin['worker']>> {
  const worker = origin.worker(name, env)
  const statuses: TabStatus[] = []
  const gone = new AbortController()
  const tab = anyTab({
    status: (status) => { statuses.push(status) },
    requestValues: () => Promise.resolve({ ok: true, value: asked() }),
    apply: (batch) => {
      if (batch.status) statuses.push(batch.status)
      return Promise.resolve('applied')
    },
  })
  const contract = worker.team.admit(anyHello(name, given), tab, gone)
  await settled()
  contract.start()
  await origin.pass(500)
  return { ...worker, statuses, shown: () => statuses.at(-1)!, leave: () => { gone.abort() }, reconnect: () => { contract.reconnect('application') } }
}

const isSeek = ({ message }: { message: unknown }): boolean => (message as { kind?: unknown } | null)?.kind === 'seek'
const leaderChannel = (): string => origin.said.find(isSeek)!.channel

describe('what workers say to each other', () => {
  test.each([null, values])('carries no headers, no params and no query of a URL, and yet the leader gets them (%j)', async (request) => {
    const leader = await join('leader', { request, tab: newTab({ visible: false }) })
    const follower = await join('follower', { request, tab: newTab() })
    expect(follower.shown()).toMatchObject({ where: 'follower', tabs: 2 })
    // The tab that can be seen is asked first: the follower's.
    const asked = leader.asks[0]!()
    await origin.pass(100)
    expect(await asked).toEqual(values)
    expect(origin.said.length).toBeGreaterThan(5)
    const heard = JSON.stringify([origin.said, origin.channelNames, [...origin.lockNames]], (_, value: unknown) => (value instanceof Uint8Array ? new TextDecoder().decode(value) : value))
    expect(heard.match(/canary-token|canary-url/g)).toBeNull()
    expect(origin.channelNames.filter((name) => name.includes(':leader:') && name.includes('canary'))).toEqual([])
    leader.leave()
  })
})

test('the call that looks for a leader has the id of a session, and nothing else', async () => {
  await join('leader', { request: values })
  await join('follower', { request: values })
  const calls = origin.said.filter(isSeek).map(({ message }) => message)
  expect(calls.length).toBeGreaterThan(0)
  for (const call of calls) expect(call).toEqual({ sidestream: PROTOCOL_VERSION, kind: 'seek', session: expect.any(String) as string })
})

describe('the lead', () => {
  const leads = (worker: Joined): boolean => worker.shown().where === 'leader'

  test('goes on when the last tab of its worker leaves, after its grace, and leaves no lock and no channel behind', async () => {
    const first = await join('first')
    const second = await join('second')
    expect([leads(first), leads(second)]).toEqual([true, false])
    first.leave()
    await origin.pass(1900)
    expect(leads(second)).toBe(false)
    await origin.pass(1000)
    expect(second.shown()).toMatchObject({ where: 'leader', connection: 'live', failovers: 1, tabs: 1 })
    second.leave()
    await origin.pass(3000)
    expect(origin.held.filter((name) => name.includes(':leader:'))).toEqual([])
    expect(origin.channelNames.filter((name) => name.includes(':leader:'))).toEqual([])
    expect(origin.steals).toBe(0)
  })

  test('stays where it is while a tab comes back within the grace', async () => {
    const first = await join('first')
    const second = await join('second')
    first.leave()
    await origin.pass(1000)
    const gone = new AbortController()
    first.team.admit(anyHello('first again'), anyTab(), gone).start()
    await origin.pass(5000)
    expect(second.shown()).toMatchObject({ where: 'follower', connection: 'live' })
    gone.abort()
  })

  test('of a frozen worker is stolen after several calls; when it wakes up, it follows', async () => {
    const first = await join('first')
    const second = await join('second')
    origin.freeze('first')
    // Its silence is noticed after 3 s; then come the calls.
    await origin.pass(4500)
    expect(origin.steals).toBe(0)
    await origin.pass(4000)
    expect(origin.steals).toBe(1)
    expect(second.shown()).toMatchObject({ where: 'leader', connection: 'live' })
    origin.thaw('first')
    await origin.pass(3000)
    expect(first.shown()).toMatchObject({ where: 'follower', connection: 'live', tabs: 2 })
    expect(second.shown()).toMatchObject({ where: 'leader', tabs: 2 })
    expect(origin.steals).toBe(1)
  })

  test('is stolen once, by one of several workers that miss their leader', async () => {
    await join('first')
    const others = await Promise.all(['second', 'third', 'fourth'].map((name) => join(name)))
    origin.freeze('first')
    await origin.pass(15_000)
    expect(origin.steals).toBe(1)
    expect(others.filter(leads)).toHaveLength(1)
    for (const other of others) expect(other.shown()).toMatchObject({ connection: 'live', tabs: 3 })
  })

  test('is not stolen when the leader answers the last call', async () => {
    await join('first')
    const second = await join('second')
    origin.freeze('first')
    await origin.pass(3000)
    // The thief has taken the guard, and waits for an answer.
    while (!origin.held.some((name) => name.endsWith(':steal'))) await origin.pass(50)
    origin.thaw('first')
    await origin.pass(5000)
    expect(origin.steals).toBe(0)
    expect(second.shown()).toMatchObject({ where: 'follower', connection: 'live' })
    expect(origin.held.filter((name) => name.endsWith(':steal'))).toEqual([])
  })

  test('is looked for on, when the browser refuses the theft', async () => {
    await join('first')
    const second = await join('second', {}, { locks: { ...origin.env('second').locks, steal: () => Promise.reject(new Error('no')) } })
    origin.freeze('first')
    await origin.pass(12_000)
    expect(second.shown()).toMatchObject({ where: 'follower', connection: 'connecting' })
    origin.thaw('first')
    await origin.pass(5000)
    expect(second.shown()).toMatchObject({ where: 'follower', connection: 'live' })
  })

  test('is not taken by a worker whose tabs are gone by the time the lock is free', async () => {
    const first = await join('first')
    const second = await join('second')
    second.leave()
    await origin.pass(3000)
    first.leave()
    await origin.pass(3000)
    expect(origin.held.filter((name) => name.includes(':leader:'))).toEqual([])
  })
})

test('a follower that signs in while it looks for its leader again gets the stream read', async () => {
  let token = 'old'
  let reads = 0
  const createSource: EngineEnv['createSource'] = (_, ask) => ({
    append: () => Promise.resolve(),
    ...NO_OUTBOX,
    end: () => Promise.resolve(null),
    read: async ({ signal, onBatch, requests }) => {
      await requests.turn()
      const { headers } = await ask()
      if (signal.aborted) return 'aborted'
      requests.sent('catch-up')
      reads += 1
      const ok = headers['token'] === 'new'
      requests.over({ kind: 'catch-up', ok, isIdle: false, retryAfterMs: 0 })
      if (!ok) throw new SourceError('unauthorized', 'no', { status: 401 })
      await onBatch({ items: [], offset: '0', upToDate: true, streamClosed: false })
      return new Promise((resolve) => { signal.addEventListener('abort', () => { resolve('aborted') }) })
    },
  })
  const ask = (): RequestValues => ({ headers: { token }, params: {} })
  const leader = await join('leader', {}, { createSource }, ask)
  const follower = await join('follower', {}, { createSource }, ask)
  expect([leader.shown().connection, follower.shown().connection, reads]).toEqual(['needs-auth', 'needs-auth', 1])
  origin.freeze('leader')
  while (follower.shown().connection !== 'connecting') await origin.pass(50)
  token = 'new'
  follower.reconnect()
  await origin.pass(100)
  origin.thaw('leader')
  await origin.pass(5000)
  expect(follower.shown()).toMatchObject({ where: 'follower', connection: 'live' })
})

describe('a leader', () => {
  test('drops a follower that has gone silent, and takes it back when it speaks again', async () => {
    const leader = await join('leader')
    await join('follower')
    expect(leader.shown()).toMatchObject({ tabs: 2 })
    origin.freeze('follower')
    await origin.pass(29_000)
    expect(leader.shown()).toMatchObject({ tabs: 2 })
    await origin.pass(5000)
    expect(leader.shown()).toMatchObject({ tabs: 1 })
    origin.thaw('follower')
    await origin.pass(8000)
    expect(leader.shown()).toMatchObject({ tabs: 2 })
  })

  test('is whoever has no locks to ask for, when the browser refuses them', async () => {
    const refuse = (): Promise<never> => Promise.reject(new DOMException('locks are not allowed here', 'SecurityError'))
    const locks: Locks = { areReal: true, take: refuse, wait: refuse, steal: refuse }
    const alone = await join('alone', {}, { locks })
    expect(alone.shown()).toMatchObject({ where: 'leader', connection: 'live' })
  })

  test.each([1e300, 2 ** 53, 2 ** 52, Number.POSITIVE_INFINITY, Number.NaN, 1.5, 1e6 + 0.5, -1, 0, 1e13, '7', null])('is not deposed by a word of term %s', async (term) => {
    const leader = await join('leader')
    const follower = await join('follower')
    const before = follower.shown()
    const channel = leaderChannel()
    origin.said.length = 0
    origin.say(channel, { sidestream: PROTOCOL_VERSION, kind: 'lead', term })
    await origin.pass(5000)
    expect(follower.shown()).toEqual(before)
    // Nobody has looked for another leader.
    expect(origin.said.filter(isSeek)).toEqual([])
    leader.leave()
  })

  test('is followed after the clock was set back, by a worker that has heard of none', async () => {
    const ahead = 7 * 24 * 60 * 60 * 1000
    await join('leader', {}, { clock: { now: () => origin.clock.now() + ahead, after: (ms, task) => origin.clock.after(ms, task) } })
    const follower = await join('follower')
    expect(follower.shown()).toMatchObject({ where: 'follower' })
  })

  test('and its follower go on, whatever is said on any of their channels', async () => {
    const noTerm = fc.oneof(fc.double(), fc.anything()).filter((term) => !(Number.isSafeInteger(term) && (term as number) < 1e8))
    const junk = fc.oneof(
      fc.anything(),
      fc.record({ sidestream: fc.constant(PROTOCOL_VERSION), kind: fc.constantFrom('lead', 'seek', 'x'), term: noTerm, session: fc.anything() }),
      fc.record({
        sidestream: fc.constant(PROTOCOL_VERSION),
        from: fc.constantFrom('leader', 'follower', 'x'),
        term: fc.oneof(fc.double({ noInteger: true }), fc.integer({ max: -1 }), fc.double({ min: 1e17 }), fc.string()),
        seq: fc.oneof(fc.double(), fc.anything()),
        lane: fc.oneof(fc.constantFrom('hello', 'engine', 'tab', null), fc.anything()),
        bye: fc.oneof(fc.boolean(), fc.anything()),
        body: fc.anything(),
      }),
    )
    const leader = await join('leader')
    const follower = await join('follower')
    const before = follower.shown()
    await fc.assert(
      fc.asyncProperty(fc.array(junk, { maxLength: 20 }), async (messages) => {
        for (const channel of origin.channelNames) {
          for (const message of messages) {
            try {
              structuredClone(message)
            } catch {
              continue
            }
            origin.say(channel, message)
          }
        }
        await origin.pass(100)
      }),
      { numRuns: 200 },
    )
    await origin.pass(3000)
    const { epoch, where, failovers, connection } = before
    expect(follower.shown()).toMatchObject({ epoch, where, failovers, connection })
    leader.leave()
  })
})
