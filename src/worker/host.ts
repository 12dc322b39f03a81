import { abortable } from '../shared/abortable.ts'
import { fromErrorData } from '../shared/errors.ts'
import { PROTOCOL_VERSION, type EngineContract, type Hello, type RequestValues, type TabContract } from '../shared/protocol.ts'
import type { EngineHome } from '../shared/status.ts'
import type { Validator } from './core/materialize.ts'
import { Engine } from './engine.ts'
import type { EngineEnv } from './env.ts'

/** Collections that an application's worker file has a schema for: collection name → validator. */
export type Validators = ReadonlyMap<string, Validator>

export interface Whereabouts {
  readonly home: EngineHome
  /** Name of a Web Lock that the worker holds for as long as it lives. */
  readonly aliveLock: string | null
}

/** Serves any number of streams to any number of tabs: an engine for each distinct stream and settings. */
export class Host {
  readonly #env: EngineEnv
  readonly #validators: () => Validators
  readonly #engines = new Map<string, Engine>()

  constructor(env: EngineEnv, validators: () => Validators) {
    this.#env = env
    this.#validators = validators
  }

  /**
   * Admits a tab.
   * @param gone aborts when the tab is known to be gone
   * @param about what the tab is told of where it is
   * @throws SidestreamError `VERSION_MISMATCH`
   */
  admit(hello: Hello, tab: TabContract, gone: AbortController, about: Whereabouts): EngineContract {
    if (hello.version !== PROTOCOL_VERSION) {
      throw fromErrorData({
        code: 'VERSION_MISMATCH',
        message: `the page speaks version ${String(hello.version)} of the protocol, the worker version ${String(PROTOCOL_VERSION)}: reload the page`,
        retryable: false,
      })
    }
    const { settings, request } = hello
    const key = JSON.stringify(settings)
    let engine = this.#engines.get(key)
    if (!engine) {
      engine = new Engine({ env: this.#env, settings, validators: pick(this.#validators(), settings.collections) })
      this.#engines.set(key, engine)
    }
    const joined = engine
    const membership = joined.join({
      link: { tab, gone: gone.signal },
      wantsEvents: hello.wantsEvents,
      hasRows: hello.hasRows,
      request: () => (request ? Promise.resolve(request) : askTab(tab, gone.signal)),
    })
    const leave = async (): Promise<void> => {
      if (!gone.signal.aborted) gone.abort()
      membership.leave()
      if (joined.memberCount > 0) {
        await joined.flush()
        return
      }
      if (this.#engines.get(key) === joined) this.#engines.delete(key)
      await joined.close()
    }
    gone.signal.addEventListener('abort', () => void leave(), { once: true })
    return {
      hello: () => ({ ok: true, epoch: joined.epoch, status: joined.status, ...about }),
      ping: () => joined.epoch,
      start: () => {
        joined.start()
      },
      reconnect: () => {
        joined.reconnect()
      },
      resync: () => {
        membership.resync()
      },
      append: (body, options) => joined.append(body, options),
      clearCache: () => joined.clearCache(),
      leave,
    }
  }
}

/** Only what the stream has a collection for: an engine with validators reads other rows than one without. */
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
