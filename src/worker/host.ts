import { abortable } from '../shared/abortable.ts'
import { fromErrorData } from '../shared/errors.ts'
import { PROTOCOL_VERSION, type EngineContract, type Hello, type RequestValues, type TabContract } from '../shared/calls.ts'
import { settingsKey, type StreamSettings } from '../shared/settings.ts'
import type { EngineHome } from '../shared/status.ts'
import type { Transform } from '../shared/transform.ts'
import type { Validator } from './core/materialize.ts'
import { Engine } from './engine.ts'
import type { QueryEngine, EngineEnv } from './ports.ts'
import type { Admission } from './tabs/admission.ts'
import { Clients } from './tabs/clients.ts'

/**
 * How long an engine outlives its last tab, ms: a component that is mounted again, or a module that is reloaded, finds the
 * connection as it was.
 */
export const GRACE_MS = 2000

/** Collections that an application's worker file has a schema for: collection name → validator. */
export type Validators = ReadonlyMap<string, Validator>

export interface Whereabouts {
  readonly where: EngineHome
  /** Name of a Web Lock that the worker holds for as long as it lives. */
  readonly aliveLock: string | null
}

/** Two tabs whose keys are equal share an engine. */
export const engineKey = settingsKey

/** @throws SidestreamError `VERSION_MISMATCH` */
export function assertVersion({ version }: Hello): void {
  if (version === PROTOCOL_VERSION) return
  throw fromErrorData({
    code: 'VERSION_MISMATCH',
    message: `the page speaks version ${String(version)} of the protocol, the worker version ${String(PROTOCOL_VERSION)}: reload the page`,
    retryable: false,
  })
}

/** Serves any number of streams to any number of tabs: an engine for each distinct stream and settings. */
export class Host {
  readonly #env: EngineEnv
  readonly #graceMs: number
  readonly #validators: () => Validators
  readonly #transform: () => Transform | null
  readonly #queries: () => QueryEngine | null
  readonly #engines = new Map<string, Engine>()
  /** Engines without tabs, each with a function that cancels its end. */
  readonly #graces = new Map<Engine, () => void>()
  readonly #clients = new Clients()

  /**
   * @param graceMs how long an engine outlives its last tab; 0 where no other tab can come
   * @param queries null where queries are not run
   */
  constructor(env: EngineEnv, validators: () => Validators, transform: () => Transform | null = () => null, graceMs = GRACE_MS, queries: () => QueryEngine | null = () => null) {
    this.#env = env
    this.#graceMs = graceMs
    this.#validators = validators
    this.#transform = transform
    this.#queries = queries
  }

  /** Admits tabs to engines here. */
  at(about: Whereabouts): Admission {
    return { admit: (hello, tab, gone) => this.admit(hello, tab, gone, about) }
  }

  /** @param about where the engine is, as the tab is told */
  admit(hello: Hello, tab: TabContract, gone: AbortController, { where, aliveLock }: Whereabouts): EngineContract {
    assertVersion(hello)
    this.#clients.enter(hello.client, gone)
    const { settings, request } = hello
    const key = engineKey(settings)
    const engine = this.#engineOf(key, settings)
    this.#cancelGrace(engine)
    const membership = engine.join({
      link: { tab, gone: gone.signal },
      wantsEvents: hello.wantsEvents,
      wantsRejected: hello.wantsRejected,
      tab: hello.tab,
      where,
      request: () => (request ? Promise.resolve(request) : askTab(tab, gone.signal)),
    })
    const leave = async (): Promise<void> => {
      membership.leave()
      if (engine.memberCount === 0) this.#graceFor(key, engine)
      await engine.flush()
      if (!gone.signal.aborted) gone.abort()
    }
    gone.signal.addEventListener('abort', () => void leave(), { once: true })
    if (hello.tabLock !== null) noticeDeath(this.#env, hello.tabLock, gone)
    return {
      hello: () => ({ ok: true, epoch: engine.epoch, status: membership.status(), aliveLock }),
      ping: () => engine.epoch,
      start: () => {
        membership.start()
      },
      reconnect: (reason) => {
        membership.reconnect(reason)
      },
      resync: () => {
        membership.resync()
      },
      visible: (visible) => {
        membership.show(visible)
      },
      subsets: (changes) => {
        membership.subsets(changes)
      },
      append: (body, options) => engine.append(body, options),
      write: (write) => membership.write(write),
      retryWrite: (id) => engine.retryWrite(id),
      discardWrite: (id) => engine.discardWrite(id),
      streamEnd: () => engine.streamEnd(),
      clearCache: (discardWrites) => engine.clearCache(discardWrites),
      inspect: () => engine.inspect(membership),
      leave,
    }
  }

  /** Stores what there is of a stream and ends its engine. */
  async retire(key: string): Promise<void> {
    const engine = this.#engines.get(key)
    this.#engines.delete(key)
    await engine?.close()
  }

  /** Ends a stream's engine at once: another worker has taken it over. */
  abandon(key: string): void {
    this.#engines.get(key)?.abandon()
    this.#engines.delete(key)
  }

  #engineOf(key: string, settings: StreamSettings): Engine {
    let engine = this.#engines.get(key)
    if (!engine) {
      engine = new Engine({ env: this.#env, settings, validators: pick(this.#validators(), settings.collections), transform: this.#transform(), queries: this.#queries(), onCleared: (cleared) => { this.#forget(key, cleared) } })
      this.#engines.set(key, engine)
    }
    return engine
  }

  /** The grace period begins when the last tab leaves; it replaces an earlier period. */
  #graceFor(key: string, engine: Engine): void {
    this.#cancelGrace(engine)
    const end = (): void => {
      this.#graces.delete(engine)
      this.#forget(key, engine)
      void engine.close()
    }
    if (this.#graceMs === 0) end()
    else this.#graces.set(engine, this.#env.clock.after(this.#graceMs, end))
  }

  #cancelGrace(engine: Engine): void {
    this.#graces.get(engine)?.()
    this.#graces.delete(engine)
  }

  #forget(key: string, engine: Engine): void {
    if (this.#engines.get(key) === engine) this.#engines.delete(key)
  }
}

/** A tab's lock is free only when the tab is gone. */
export function noticeDeath(env: EngineEnv, tabLock: string, gone: AbortController): void {
  env.locks.wait(tabLock, gone.signal).then(
    (lock) => {
      lock.release()
      gone.abort()
    },
    () => undefined,
  )
}

/** Leaves out validators without a collection: with any validator, an engine counts as validating, and has another cache. */
function pick(validators: Validators, collections: Hello['settings']['collections']): Validators {
  return new Map(collections.flatMap(({ name }) => {
    const validator = validators.get(name)
    return validator ? [[name, validator] as const] : []
  }))
}

async function askTab(tab: TabContract, gone: AbortSignal): Promise<RequestValues> {
  const answer = await abortable(tab.requestValues(), gone)
  if (!answer.ok) throw fromErrorData(answer.error)
  return answer.value
}
