// @vitest-environment-options {"own":"unit/link"}
import { expose } from 'comlink'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { OpenEndpoint } from '../../src/main/endpoint.ts'
import { Link } from '../../src/main/link.ts'
import { SidestreamError } from '../../src/shared/errors.ts'
import { PROTOCOL_VERSION, type ConnectMessage, type EngineContract, type Hello, type HelloReply } from '../../src/shared/calls.ts'
import { INITIAL_TAB_STATUS } from '../../src/shared/status.ts'
import { ScriptedTab } from './scripted-tab.ts'
import { newTab } from '../support/tab-description.ts'

/** The worker's side of the ports: an engine that answers, refuses, or falls silent. */
class ScriptedWorker {
  readonly messages: ConnectMessage[] = []
  readonly calls: string[] = []
  readonly released: number[] = []
  readonly listeners = new Set<(message: string) => void>()
  epoch = 'e1'
  reply: HelloReply | null | undefined
  /** What the first sessions are answered, before `reply`. */
  firstReplies: HelloReply[] = []
  isSilent = false
  renewable = true
  /** Whether the workers that are opened next were there before. */
  reused: boolean[] = []
  postError: Error | null = null

  readonly bypasses: number[] = []

  open = (bypass: number): OpenEndpoint => (this.bypasses.push(bypass), {
    renewable: this.renewable,
    reused: this.reused.shift() ?? false,
    endpoint: {
      post: (message) => {
        if (this.postError) throw this.postError
        this.messages.push(message)
        if (this.reply === null) return
        expose(this.#engine(), message.engine as MessagePort)
      },
      onError: (listener) => {
        this.listeners.add(listener)
        return () => {
          this.listeners.delete(listener)
        }
      },
    },
    release: () => {
      this.released.push(this.messages.length)
    },
  })

  #engine(): EngineContract {
    const silence = new Promise<never>(() => undefined)
    const note = <T>(name: string, value: T): T => {
      this.calls.push(name)
      return this.isSilent ? (silence as T) : value
    }
    return {
      hello: () => this.firstReplies.shift() ?? this.reply ?? { ok: true, epoch: this.epoch, status: { ...INITIAL_TAB_STATUS, where: 'leader' }, aliveLock: null },
      ping: () => note('ping', this.epoch),
      start: () => note('start', undefined),
      reconnect: () => note('reconnect', undefined),
      resync: () => note('resync', undefined),
      visible: () => note('visible', undefined),
      subsets: () => undefined,
      append: () => note('append', Promise.resolve({ ok: true, value: null })),
      write: () => note('write', Promise.resolve({ ok: true, value: null })),
      retryWrite: () => note('retryWrite', Promise.resolve({ ok: true, value: true })),
      discardWrite: () => note('discardWrite', Promise.resolve({ ok: true, value: true })),
      streamEnd: () => note('streamEnd', Promise.resolve({ ok: true, value: null })),
      clearCache: () => note('clearCache', Promise.resolve({ ok: true, value: null })),
      inspect: () => note('inspect', Promise.resolve({ ok: false, error: { code: 'STREAM_ERROR', message: '', retryable: false } })),
      leave: () => note('leave', Promise.resolve()),
    }
  }
}

const hello: Hello = {
  version: PROTOCOL_VERSION,
  client: 'c',
  settings: { url: 'https://example.com/s', scope: '', collections: [], live: true, contentType: null, batching: true, backoff: null, cache: null, pauseWhenHidden: null, silenceTimeoutMs: 45_000 },
  request: { headers: {}, params: {} },
  wantsEvents: false,
  wantsRejected: false,
  tabLock: null,
  tab: newTab(),
}

let worker: ScriptedWorker
let link: Link
let sessions: string[]
let downs: Array<{ error: SidestreamError; final: boolean }>

function make(): Link {
  return new Link({
    open: worker.open,
    hello: () => Promise.resolve(hello),
    tab: new ScriptedTab(),
    onSession: ({ epoch }) => sessions.push(epoch),
    onDown: (error, final) => downs.push({ error, final }),
  })
}

beforeEach(() => {
  // Ports go on working: only the timers are the test's.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  worker = new ScriptedWorker()
  sessions = []
  downs = []
  link = make()
})
afterEach(() => {
  link.close()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

/** Until something that crosses a port has happened. */
async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn += 1) {
    if (turn === 2000) throw new Error('it did not happen')
    await new Promise((resolve) => setImmediate(resolve))
  }
}
const codeOf = (work: Promise<unknown>): Promise<string | undefined> => work.then(() => undefined, (error: SidestreamError) => error.code)

describe('opening a session', () => {
  test('happens once, when it is first needed', async () => {
    expect(worker.messages.length).toBe(0)
    expect(await Promise.all([link.call((engine) => engine.ping()), link.call((engine) => engine.ping())])).toEqual(['e1', 'e1'])
    expect(worker.messages.length).toBe(1)
    expect(worker.messages[0]).toMatchObject({ sidestream: 'connect', version: PROTOCOL_VERSION, hello })
    expect(sessions).toEqual(['e1'])
    expect(worker.listeners.size).toBe(0)
  })

  test('is given up after a while, says so, and is tried again on the next call', async () => {
    worker.reply = null
    const code = codeOf(link.call((engine) => engine.ping()))
    await until(() => worker.messages.length === 1)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await code).toBe('WORKER_START_FAILED')
    expect(downs).toEqual([{ error: expect.objectContaining({ code: 'WORKER_START_FAILED', retryable: true }), final: true }])
    expect(worker.released).toEqual([1])
    worker.reply = undefined
    expect(await link.call((engine) => engine.ping())).toBe('e1')
  })

  test('that fails is tried again by itself, ever more seldom, and after five times only when it is asked for', async () => {
    worker.reply = null
    const code = codeOf(link.session())
    const sentAfterS: number[] = []
    for (let second = 0, seen = 0; second < 600; second += 1) {
      await new Promise((resolve) => setImmediate(resolve))
      if (worker.messages.length > seen) sentAfterS.push(second)
      seen = worker.messages.length
      await vi.advanceTimersByTimeAsync(1000)
    }
    expect(await code).toBe('WORKER_START_FAILED')
    // Ten seconds without an answer, then a pause of 2, 4, 8, 16, 32 s.
    expect(sentAfterS).toEqual([0, 12, 26, 44, 70, 112])
    expect(downs.map(({ final }) => final)).toEqual([true, true, true, true, true, true])
    worker.reply = undefined
    await link.session()
    expect(sessions).toEqual(['e1'])
  })

  test('that fails opens by itself when the worker answers', async () => {
    worker.reply = null
    const code = codeOf(link.session())
    await until(() => worker.messages.length === 1)
    for (const listener of worker.listeners) listener('SyntaxError')
    expect(await code).toBe('WORKER_START_FAILED')
    worker.reply = undefined
    await vi.advanceTimersByTimeAsync(2000)
    await until(() => sessions.length === 1)
    expect(link.isOpen).toBe(true)
  })

  test('is started again after the same pauses, however many calls fail meanwhile', async () => {
    worker.reply = null
    const fail = async (): Promise<void> => {
      const sent = worker.messages.length
      const code = codeOf(link.session())
      await until(() => worker.messages.length === sent + 1)
      for (const listener of worker.listeners) listener('SyntaxError')
      expect(await code).toBe('WORKER_START_FAILED')
    }
    for (let call = 0; call < 10; call += 1) await fail()
    worker.reply = undefined
    await vi.advanceTimersByTimeAsync(2000)
    await until(() => sessions.length === 1)
    expect(link.isOpen).toBe(true)
  })

  test('is not tried again by itself when the worker cannot be made', async () => {
    link = new Link({ open: () => { throw new SidestreamError('WORKER_START_FAILED', 'blocked by a policy') }, hello: () => Promise.resolve(hello), tab: new ScriptedTab(), onSession: () => undefined, onDown: () => undefined })
    await link.session().catch(() => undefined)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('with a worker that was there before and is silent is tried with another one, before anybody is told', async () => {
    worker.reused = [true]
    worker.reply = null
    const session = link.session()
    await until(() => worker.messages.length === 1)
    worker.reply = undefined
    await vi.advanceTimersByTimeAsync(10_000)
    expect((await session).epoch).toBe('e1')
    expect([downs, worker.released, sessions]).toEqual([[], [1], ['e1']])
  })

  test('with workers that were there before, and all are silent, fails after the second one', async () => {
    worker.reused = [true, true, true]
    worker.reply = null
    const code = codeOf(link.session())
    for (const sent of [1, 2]) {
      await until(() => worker.messages.length === sent)
      await vi.advanceTimersByTimeAsync(10_000)
    }
    expect(await code).toBe('WORKER_START_FAILED')
    expect(downs.length).toBe(1)
  })

  test('leaves no listener on a worker that was given up', async () => {
    worker.reply = null
    const code = codeOf(link.session())
    await until(() => worker.messages.length === 1)
    await vi.advanceTimersByTimeAsync(10_000)
    await code
    link.close()
    expect([worker.listeners.size, vi.getTimerCount()]).toEqual([0, 0])
  })

  test('fails at once when the script fails to load, and leaves nothing behind', async () => {
    worker.reply = null
    const outcome = link.session().catch((error: unknown) => error)
    await until(() => worker.messages.length === 1)
    for (const listener of worker.listeners) listener('SyntaxError')
    expect(await outcome).toMatchObject({ code: 'WORKER_START_FAILED', message: expect.stringContaining('SyntaxError') })
    link.close()
    expect([worker.listeners.size, vi.getTimerCount()]).toEqual([0, 0])
  })

  test('fails at once when the worker cannot be made or reached', async () => {
    worker.postError = new Error('cannot be cloned')
    expect(await link.session().catch((error: unknown) => error)).toMatchObject({ code: 'WORKER_START_FAILED', message: expect.stringContaining('cannot be cloned') })
    link = new Link({
      open: () => {
        throw new Error('blocked by a policy')
      },
      hello: () => Promise.resolve(hello),
      tab: new ScriptedTab(),
      onSession: () => undefined,
      onDown: () => undefined,
    })
    expect(await link.session().catch((error: unknown) => error)).toMatchObject({ code: 'WORKER_START_FAILED', message: expect.stringContaining('blocked by a policy') })
  })

  test('takes the engine in the page where a page without an origin can start no worker', async () => {
    vi.stubGlobal('origin', 'null')
    worker.postError = new Error('cannot be accessed from origin null')
    const open = worker.open
    worker.open = (bypass) => {
      if (bypass === 2) worker.postError = null
      return open(bypass)
    }
    link = make()
    expect((await link.session()).epoch).toBe('e1')
    expect(worker.bypasses).toEqual([0, 2])
    expect(downs).toEqual([])
  })

  test('gives up in a page without an origin when its own engine does not start either', async () => {
    vi.stubGlobal('origin', 'null')
    worker.postError = new Error('cannot be accessed from origin null')
    expect(await codeOf(link.session())).toBe('WORKER_START_FAILED')
    expect(worker.bypasses).toEqual([0, 2])
    expect(worker.released).toHaveLength(2)
  })

  test('passes by a worker of another version, and passes its refusal on when there is no other', async () => {
    worker.reply = { ok: false, error: { code: 'VERSION_MISMATCH', message: 'reload', retryable: false } }
    expect(await codeOf(link.session())).toBe('VERSION_MISMATCH')
    expect(downs).toEqual([{ error: expect.objectContaining({ code: 'VERSION_MISMATCH', message: 'reload' }), final: true }])
    expect(worker.bypasses).toEqual([0, 1, 2])
    expect(worker.released).toEqual([1, 2, 3])
  })
})

describe('what a link says of itself', () => {
  const seen = (): unknown[] => [link.isOpen, link.isDown, link.hasOpened]

  test('follows its phase, and remembers that a session was open', async () => {
    expect(seen()).toEqual([false, false, false])
    worker.postError = new Error('cannot be cloned')
    const failing = link.session().catch(() => undefined)
    expect(seen()).toEqual([false, false, false])
    await failing
    expect(seen()).toEqual([false, true, false])
    worker.postError = null
    await link.session()
    expect(seen()).toEqual([true, false, true])
    link.close()
    expect(seen()).toEqual([false, false, true])
  })

  test('is that no session was open when the link closes before the first one', async () => {
    const opening = link.session().catch(() => undefined)
    link.close()
    await opening
    await until(() => worker.released.length > 0)
    expect(seen()).toEqual([false, false, false])
  })
})

describe('closing', () => {
  test('rejects what is under way, tells the engine, and releases the worker', async () => {
    await link.session()
    worker.isSilent = true
    const code = codeOf(link.call((engine) => engine.append('{}', {})))
    await until(() => worker.calls.includes('append'))
    link.close()
    expect(await code).toBe('CLOSED')
    await until(() => worker.calls.includes('leave'))
    expect(worker.released).toEqual([])
    // An engine that does not answer is not waited for.
    await vi.advanceTimersByTimeAsync(1000)
    expect(worker.released.length).toBeGreaterThan(0)
  })

  test('waits for the engine to store what is left', async () => {
    await link.session()
    link.close()
    await until(() => worker.released.length > 0)
    expect(worker.calls).toContain('leave')
  })

  test('rejects every later call, without opening anything', async () => {
    link.close()
    link.close()
    expect(await codeOf(link.session())).toBe('CLOSED')
    expect(await codeOf(link.call((engine) => engine.ping()))).toBe('CLOSED')
    expect(worker.messages.length).toBe(0)
  })

  test('rejects a call at once that waits for the session to open', async () => {
    worker.reply = null
    const code = codeOf(link.call((engine) => engine.ping()))
    await until(() => worker.messages.length === 1)
    link.close()
    // However the handshake ends, and whenever.
    const first = await Promise.race([code, until(() => false).catch(() => 'still pending')])
    expect(first).toBe('CLOSED')
  })

  test('rejects a call that began before a worker of another version was passed by', async () => {
    worker.firstReplies = [{ ok: false, error: { code: 'VERSION_MISMATCH', message: 'reload', retryable: false } }]
    worker.isSilent = true
    const code = codeOf(link.call((engine) => engine.append('{}', {})))
    await until(() => worker.calls.includes('append'))
    link.close()
    expect(await Promise.race([code, until(() => false).catch(() => 'still pending')])).toBe('CLOSED')
  })

  test('releases a worker that answers only afterwards', async () => {
    const opening = link.session().catch(() => undefined)
    link.close()
    await opening
    await until(() => worker.released.length > 0)
    expect(sessions).toEqual([])
  })

  test('leaves no timer behind', async () => {
    await link.session()
    // The first heartbeat has been answered, and the next one is due later.
    await until(() => worker.calls.includes('ping'))
    await until(() => vi.getTimerCount() === 1)
    await new Promise((resolve) => setImmediate(resolve))
    link.close()
    await until(() => worker.released.length > 0)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a worker’s death', () => {
  /** Lets the engine answer a heartbeat, and the next one fall due. */
  async function beat(): Promise<void> {
    const before = worker.calls.length
    await vi.advanceTimersByTimeAsync(10_000)
    await until(() => worker.calls.length > before)
  }
  /** From here on the engine says nothing; its silence is noticed. */
  async function fallSilent(): Promise<void> {
    worker.isSilent = true
    await beat()
    await vi.advanceTimersByTimeAsync(30_000)
  }

  test('is noticed by its silence, rejects what is under way, and the worker is replaced', async () => {
    await link.session()
    await until(() => worker.calls.includes('ping'))
    await new Promise((resolve) => setImmediate(resolve))
    await beat()
    await new Promise((resolve) => setImmediate(resolve))
    worker.isSilent = true
    const code = codeOf(link.call((engine) => engine.append('{}', {})))
    await fallSilent()
    expect(await code).toBe('WORKER_DIED')
    expect(downs).toEqual([{ error: expect.objectContaining({ code: 'WORKER_DIED', retryable: true }), final: false }])
    expect(worker.released).toEqual([1])
    worker.isSilent = false
    worker.epoch = 'e2'
    await vi.advanceTimersByTimeAsync(200)
    await until(() => sessions.length === 2)
    expect(sessions).toEqual(['e1', 'e2'])
    expect(await link.call((engine) => engine.ping())).toBe('e2')
  })

  test.each([1, 2])('rejects a call that began before %i workers of another version were passed by', async (bypassed) => {
    worker.firstReplies = Array.from({ length: bypassed }, () => ({ ok: false, error: { code: 'VERSION_MISMATCH', message: 'reload', retryable: false } }))
    const ended: Array<string | undefined> = []
    const call = (): void => void codeOf(link.call((engine) => engine.append('{}', {}))).then((code) => ended.push(code))
    worker.isSilent = true
    call()
    await until(() => worker.calls.includes('append'))
    call()
    await until(() => worker.calls.filter((name) => name === 'append').length === 2)
    await vi.advanceTimersByTimeAsync(30_000)
    await until(() => downs.length > 0)
    await new Promise((resolve) => setImmediate(resolve))
    expect(ended).toEqual(['WORKER_DIED', 'WORKER_DIED'])
  })

  test('is noticed when another engine answers in its place', async () => {
    await link.session()
    await until(() => worker.calls.includes('ping'))
    await new Promise((resolve) => setImmediate(resolve))
    worker.epoch = 'reborn'
    await vi.advanceTimersByTimeAsync(10_000)
    await until(() => downs.length > 0)
    expect(downs[0]).toMatchObject({ error: { code: 'WORKER_DIED' }, final: false })
  })

  test('is final for a worker that was given as an object', async () => {
    worker.renewable = false
    await link.session()
    await until(() => worker.calls.includes('ping'))
    await new Promise((resolve) => setImmediate(resolve))
    await fallSilent()
    expect(downs).toEqual([{ error: expect.objectContaining({ code: 'WORKER_DIED' }), final: true }])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(worker.messages.length).toBe(1)
  })

  test('is final when it happens again and again, unless it has worked in between', async () => {
    const die = async (): Promise<void> => {
      const deaths = downs.length
      await until(() => worker.calls.includes('ping'))
      await new Promise((resolve) => setImmediate(resolve))
      await fallSilent()
      await until(() => downs.length > deaths)
      worker.isSilent = false
      worker.calls.length = 0
      const opened = sessions.length
      await vi.advanceTimersByTimeAsync(5000)
      if (!downs.at(-1)!.final) await until(() => sessions.length > opened)
    }
    await link.session()
    await die()
    await die()
    link.works()
    for (let death = 0; death < 6; death += 1) await die()
    expect(downs.map(({ final }) => final)).toEqual([false, false, false, false, false, false, false, true])
  })

  test('after closing is nobody’s business', async () => {
    await link.session()
    await until(() => worker.calls.includes('ping'))
    worker.isSilent = true
    link.close()
    await vi.advanceTimersByTimeAsync(120_000)
    expect(downs).toEqual([])
    expect(worker.messages.length).toBe(1)
  })
})
