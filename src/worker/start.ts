import { isConnectMessage } from '../shared/guards.ts'
import { NAME_PREFIX } from '../shared/names.ts'
import { callback, definitions } from '../shared/rules.ts'
import type { SendWrite } from '../shared/send-write.ts'
import type { StreamStateDefinition } from '../shared/state-schema.ts'
import type { Transform } from '../shared/transform.ts'
import { browserEnv, holdAliveLock } from './env/browser-env.ts'
import type { Validator } from './core/materialize.ts'
import { Host } from './host.ts'
import type { Admission } from './tabs/admission.ts'
import { Team } from './leadership/team.ts'
import type { QueryEngine } from './ports.ts'
import { accept } from './tabs/comlink.ts'

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

export const EXPOSE_OPTIONS = { state: definitions, transform: callback, send: callback }

/** What the application has exposed. It is read when the first tab comes: after the script of the worker. */
export interface Exposed {
  validators: ReadonlyMap<string, Validator>
  transform: Transform | null
  send: SendWrite | undefined
  queries: QueryEngine | null
}

export const nothingExposed = (): Exposed => ({ validators: new Map(), transform: null, send: undefined, queries: null })

/** The script of a worker by name. A blob has another URL in every tab: there, the name that the worker was made with counts. */
export function scriptName({ location, name }: { readonly location: { readonly href: string }; readonly name?: string }): string {
  return location.href.startsWith('blob:') && name ? name : location.href
}

/** The parts of a worker's global scope used here; dedicated and shared ones differ in how tabs reach them. */
interface WorkerScope {
  onconnect?: unknown
  addEventListener(type: 'message' | 'connect', listener: (event: MessageEvent) => void): void
}

/**
 * Serves the tabs that connect to this worker; does nothing in a page. Messages are delivered only after the script has been
 * evaluated, so that an application's exposeStreamDB comes first.
 */
export function startWorker(exposed: Exposed): void {
  const scope = globalThis as unknown as WorkerScope
  if ('document' in globalThis || typeof scope.addEventListener !== 'function') return
  const isShared = 'onconnect' in globalThis
  const env = browserEnv({
    get send() {
      return exposed.send
    },
  })
  const host = new Host(env, () => exposed.validators, () => exposed.transform, undefined, () => exposed.queries)
  const admission = holdAliveLock(NAME_PREFIX).then((aliveLock): Admission =>
    isShared ? host.at({ where: 'shared-worker', aliveLock }) : new Team({ env, host, aliveLock, version: scriptName(globalThis) }),
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
