import { PROTOCOL_VERSION, type Hello } from '../../../src/shared/calls.ts'
import { schema } from '../../support/schema.ts'
import { newTab } from '../../support/tab-description.ts'

/*
 * A page of the same origin that is no tab of the library: it knows the names of channels and workers, and says on them what
 * nobody should say.
 */

const ours = PROTOCOL_VERSION
const theirs = 999

/** What an application, an extension, or another library might post. */
const ANYTHING: unknown[] = [
  null, undefined, 0, Number.NaN, '', 'sidestream', true, [], [[null]], {}, new Date(0), new Map([['sidestream', ours]]), new ArrayBuffer(8),
  { sidestream: null }, { sidestream: ours }, { sidestream: 'connect' }, { type: 'APPLY' }, JSON.parse('{"__proto__":{"sidestream":2},"sidestream":2}'),
]

const hello = (url: string): Hello => ({
  version: ours,
  client: `stranger ${String(Math.random())}`,
  settings: {
    url,
    scope: '',
    live: true,
    contentType: 'application/json',
    batching: true,
    collections: Object.entries(schema).map(([name, { type, primaryKey }]) => ({ name, type, primaryKey })),
    backoff: { initialDelay: 20, maxDelay: 100, multiplier: 1.5 },
    pauseWhenHidden: 60_000,
    silenceTimeoutMs: 45_000,
    cache: { durability: 'relaxed', version: '', keepUnusedMs: 30 * 24 * 3600 * 1000 },
  },
  request: { headers: {}, params: {} },
  wantsEvents: false,
  wantsRejected: false,
  tabLock: null,
  tab: newTab(),
})

/** Not one of them is a hello. */
const helloLike = (url: string): unknown[] => {
  const good = hello(url)
  return [
    null, [], {}, { ...good, client: 1 }, { ...good, settings: null }, { ...good, settings: { ...good.settings, collections: {} } },
    { ...good, settings: { ...good.settings, url: ['x'] } }, { ...good, request: { headers: { a: 1 } } }, { ...good, tab: null }, { ...good, tab: { ...good.tab, have: { life: 1 } } }, { ...good, tab: { ...good.tab, failovers: -1 } }, { ...good, tab: { ...good.tab, cleared: 0 } },
  ]
}

/** Sessions that nobody has asked for: the leader waits for their hello in vain. */
const sessions = (url: string): unknown[] => helloLike(url).map((body) => ({ sidestream: ours, from: 'follower', term: 0, seq: 1, lane: 'hello', bye: false, body }))

const words = (url: string): unknown[] => [
  ...ANYTHING,
  { sidestream: theirs, kind: 'lead', term: 1e300 },
  { sidestream: String(ours), kind: 'lead', term: 1e300 },
  ...['1e300', Number.NaN, Infinity, null, {}].map((term) => ({ sidestream: ours, kind: 'lead', term })),
  { sidestream: ours, kind: '__proto__', term: 1e300 },
  ...[1e300, 2 ** 53, 1.5, -1, Date.now() + 1e10].map((term) => ({ sidestream: ours, kind: 'lead', term })),
  { sidestream: ours, kind: 'seek', session: 1 },
  { sidestream: theirs, kind: 'seek', session: 's', hello: hello(url) },
]

const call = (path: unknown, argumentList: unknown = [], type = 'APPLY'): { id: string } & Record<string, unknown> => ({ id: String(Math.random()), type, path, argumentList })
const raw = (value: unknown): unknown => ({ type: 'RAW', value })

/** Calls in the form of Comlink's, none of which is one of the contract's. */
const calls = (): unknown[] => [
  ...ANYTHING,
  ...['constructor', '__proto__', 'toString', 'hasOwnProperty', 'apply', 'status', 'requestValues', 'nothing'].map((name) => call([name])),
  call([]), call('ping'), call(['ping', 'constructor']), call(['hello', 'call']), call([['ping']]), call(['ping'], {}), { ...call(['ping']), id: 1 },
  call(['ping'], [{ type: 'HANDLER', name: 'proxy', value: null }]),
  call(['visible'], [raw('yes')]), call(['append'], [raw(1), raw({})]), call(['append'], [raw('{}'), raw(null)]),
  ...['GET', 'SET', 'CONSTRUCT', 'ENDPOINT', 'RELEASE'].map((type) => ({ ...call(['ping'], [], type), value: raw(1) })),
  ...['GET', 'RELEASE'].map((type) => call([], [], type)),
  { ...call(['clearCache']), type: 'apply' },
]

const frames = (term: number): unknown[] => [
  ...ANYTHING,
  ...['leader', 'follower'].flatMap((from) => {
    const frame = { sidestream: ours, from, term, seq: 1, lane: 'engine', bye: false, body: call(['constructor']) }
    return [
      { ...frame, sidestream: theirs, lane: null, bye: true }, { ...frame, from: 'constructor', bye: true }, { ...frame, term: 'x', bye: true },
      { ...frame, seq: 1.5, bye: true }, { ...frame, seq: -1, bye: true }, { ...frame, seq: Number.MAX_SAFE_INTEGER, lane: null }, { ...frame, term: 1e300, bye: true }, { ...frame, seq: '1', bye: true }, { ...frame, lane: '__proto__', bye: true }, { ...frame, lane: null, bye: 'yes' },
      // Of a number that has been seen: heard already, whatever it says.
      frame, { ...frame, lane: 'tab' }, { ...frame, body: null },
    ]
  }),
  // Of a leader long gone.
  { sidestream: ours, from: 'leader', term: 1, seq: 1e6, lane: null, bye: true, body: null },
]

/** Sessions, with the leader's signs of life in each since it was last asked for them. */
const heard = new Map<string, number>()
let term = 0
let channelName = ''
let listening: BroadcastChannel | undefined

const stranger = {
  /** Notes the sessions that are opened on the leader's channel from now on. */
  listen: async () => {
    const { held = [] } = await navigator.locks.query()
    channelName = held.find(({ name = '' }) => /^sidestream:\d+:leader:/.test(name))!.name!
    listening = new BroadcastChannel(channelName)
    listening.addEventListener('message', ({ data }) => {
      const { session } = data as { session?: string }
      if (session === undefined || heard.has(session)) return
      heard.set(session, 0)
      new BroadcastChannel(`${channelName}:${session}`).addEventListener('message', ({ data: frame }) => {
        const { from, lane, term: said } = frame as { from: string; lane: string | null; term: number }
        term = Math.max(term, said)
        if (from === 'leader' && lane === null) heard.set(session, heard.get(session)! + 1)
      })
    })
  },
  /** @returns the number of sessions on whose channels it has spoken, and the highest term heard there */
  speakOnChannels: (url: string) => {
    const say = (name: string, messages: unknown[]): void => {
      const channel = new BroadcastChannel(name)
      for (const message of messages) channel.postMessage(message)
      channel.close()
    }
    // It would hear itself.
    listening?.close()
    say(channelName, [...words(url), { sidestream: ours, kind: 'seek', session: 's' }])
    say(`${channelName}:s`, sessions(url))
    for (const session of heard.keys()) say(`${channelName}:${session}`, frames(term))
    return { sessions: heard.size, term }
  },
  /** Settles when the leader has given so many more signs of life in every session. */
  signsOfLife: async (count: number) => {
    for (const session of heard.keys()) heard.set(session, 0)
    while ([...heard.values()].some((beats) => beats < count)) await new Promise((resolve) => { setTimeout(resolve, 20) })
  },
  /**
   * Speaks to a worker that belongs to it or to all, then as a tab whose session is open, and leaves.
   * @returns what it was told
   */
  speakOnPort: async (home: 'shared' | 'dedicated', url: string) => {
    const port = home === 'shared'
      ? new SharedWorker(new URL('./sessions.worker.ts', import.meta.url), { type: 'module', name: 'sessions' }).port
      : new Worker(new URL('./sessions.worker.ts', import.meta.url), { type: 'module' })
    for (const message of [...ANYTHING, ...words(url), ...calls()]) port.postMessage(message)
    for (const part of [{}, { engine: null, tab: {} }, { hello: hello(url) }, { engine: 1, tab: 2, hello: hello(url) }, { hello: 'hello' }]) {
      port.postMessage({ sidestream: 'connect', version: ours, ...part })
    }
    const connect = (said: unknown): { engine: MessagePort; ask: (message: { id: string }) => Promise<unknown>; answers: Array<{ id: string }> } => {
      const [engine, tab] = [new MessageChannel(), new MessageChannel()]
      const answers: Array<{ id: string }> = []
      engine.port1.addEventListener('message', ({ data }) => { answers.push(data as { id: string }) })
      engine.port1.start()
      port.postMessage({ sidestream: 'connect', version: ours, hello: said, engine: engine.port2, tab: tab.port2 }, [engine.port2, tab.port2])
      const ask = (message: { id: string }): Promise<unknown> =>
        new Promise((resolve) => {
          engine.port1.addEventListener('message', ({ data }) => {
            const answer = data as { id: string; value: unknown }
            if (answer.id === message.id) resolve(answer.value)
          })
          engine.port1.postMessage(message)
        })
      return { engine: engine.port1, ask, answers }
    }
    const refusals: unknown[] = []
    for (const said of helloLike(url)) refusals.push(await connect(said).ask(call(['hello'])))
    const { engine, ask, answers } = connect(hello(url))
    const welcome = await ask(call(['hello']))
    const before = answers.length
    for (const message of calls()) engine.postMessage(message)
    const epoch = await ask(call(['ping']))
    const unexpected = answers.slice(before).length - 1
    await ask(call(['leave']))
    return { refusals, welcome, epoch, unexpected }
  },
}

export type Stranger = typeof stranger
declare global {
  interface Window {
    stranger: Stranger
  }
}
window.stranger = stranger
