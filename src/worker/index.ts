import { isConnectMessage } from '../shared/guards.ts'
import { NAME_PREFIX } from '../shared/names.ts'
import { assertRules, callback, definitions, type Rules } from '../shared/rules.ts'
import type { StreamStateDefinition } from '../shared/state-schema.ts'
import type { SendWrite } from '../shared/send-write.ts'
import type { Transform } from '../shared/transform.ts'
import { browserEnv, holdAliveLock } from './env/browser-env.ts'
import type { Validator } from './core/materialize.ts'
import { Host } from './host.ts'
import type { Admission } from './tabs/admission.ts'
import { Team } from './leadership/team.ts'
import { accept } from './tabs/comlink.ts'
import { validatorsOf } from './validators.ts'

let validators: ReadonlyMap<string, Validator> = new Map()
let transform: Transform | null = null
let send: SendWrite | undefined

export interface ExposeOptions {
  /** The collections, from `createStateSchema`. */
  state: StreamStateDefinition
  /** Changes or drops events before they become rows. When you change the transform, change `cache.version` too. */
  transform?: Transform
  /**
   * Posts a write to an API of the application, in place of an append to the stream. The API puts the write's events on the stream,
   * with the write's id as their `txid`.
   */
  send?: SendWrite
}

const EXPOSE_OPTIONS = { state: definitions, transform: callback, send: callback } satisfies Rules<ExposeOptions>

export type { Transform } from '../shared/transform.ts'
export type { SendAnswer, SendContext, SendWrite, SentWrite } from '../shared/send-write.ts'

/**
 * Hands the application's schema to the worker, so that rows are validated there: a row that its collection's schema
 * refuses is quarantined. Call it while the worker's script is first evaluated. Without this call the worker takes any row.
 *
 * @example
 * ```ts
 * import { exposeStreamDB } from 'sidestream/worker'
 * import { schema } from './schema'
 * exposeStreamDB({ state: schema })
 * ```
 * @throws SidestreamError `INVALID_OPTIONS`
 */
export function exposeStreamDB(options: ExposeOptions): void {
  assertRules<ExposeOptions>(options, EXPOSE_OPTIONS, ['state'])
  validators = validatorsOf(options.state)
  transform = options.transform ?? null
  send = options.send
}

/** The parts of a worker's global scope used here; dedicated and shared ones differ in how tabs reach them. */
interface WorkerScope {
  onconnect?: unknown
  addEventListener(type: 'message' | 'connect', listener: (event: MessageEvent) => void): void
}

// Messages are delivered only after the script has been evaluated, so that an application's exposeStreamDB comes first.
const scope = globalThis as unknown as WorkerScope
if (!('document' in globalThis) && typeof scope.addEventListener === 'function') {
  const isShared = 'onconnect' in globalThis
  const env = browserEnv({
    get send() {
      return send
    },
  })
  const host = new Host(env, () => validators, () => transform)
  const admission = holdAliveLock(NAME_PREFIX).then((aliveLock): Admission =>
    isShared ? host.at({ where: 'shared-worker', aliveLock }) : new Team({ env, host, aliveLock, version: globalThis.location.href }),
  )
  const listen = ({ data }: MessageEvent): void => {
    if (isConnectMessage(data)) void admission.then((to) => { accept(to, data) })
  }
  if (isShared) {
    scope.addEventListener('connect', ({ ports }) => {
      const port = ports[0]!
      port.addEventListener('message', listen)
      port.start()
    })
  } else {
    scope.addEventListener('message', listen)
  }
}
