import { fromErrorData, toErrorData } from '../shared/errors.ts'
import { PROTOCOL_VERSION, type EngineContract, type Hello, type RequestValues, type TabContract } from '../shared/protocol.ts'
import type { EngineStatus } from '../shared/status.ts'
import type { Validator } from './core/materialize.ts'
import { Engine } from './engine.ts'
import type { EngineEnv } from './env.ts'

/** Collections that an application's worker file has a schema for: collection name → validator. */
export type Validators = ReadonlyMap<string, Validator>

export interface Admission {
  readonly epoch: string
  readonly status: EngineStatus
  readonly contract: EngineContract
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
   * @throws SidestreamError `VERSION_MISMATCH`
   */
  admit(hello: Hello, tab: TabContract, gone: AbortController): Admission {
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
      request: () => askTab(request, request.dynamic, tab, gone.signal),
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
    const contract: EngineContract = {
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
      perform: (operation) => joined.perform(operation),
      clearCache: () => joined.clearCache(),
      leave,
    }
    return { epoch: joined.epoch, status: joined.status, contract }
  }
}

/** Only what the stream has a collection for: an engine with validators reads other rows than one without. */
function pick(validators: Validators, collections: Hello['settings']['collections']): Validators {
  return new Map(collections.flatMap(({ name }) => {
    const validator = validators.get(name)
    return validator ? [[name, validator] as const] : []
  }))
}

async function askTab(constants: RequestValues, dynamic: boolean, tab: TabContract, gone: AbortSignal): Promise<RequestValues> {
  if (!dynamic) return constants
  const answer = await new Promise<Awaited<ReturnType<TabContract['requestValues']>>>((resolve, reject) => {
    const leave = (): void => {
      reject(fromErrorData({ code: 'TAB_GONE', message: 'the tab is gone', retryable: true }))
    }
    gone.addEventListener('abort', leave, { once: true })
    tab.requestValues().then(resolve, (error: unknown) => {
      reject(fromErrorData(toErrorData(error, 'TAB_GONE')))
    }).finally(() => {
      gone.removeEventListener('abort', leave)
    })
  })
  if (!answer.ok) throw fromErrorData(answer.error)
  return { headers: { ...constants.headers, ...answer.value.headers }, params: { ...constants.params, ...answer.value.params } }
}
