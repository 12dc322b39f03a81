import type { DurableStream } from '@durable-streams/client'
import { SidestreamError, describe } from '../shared/errors.ts'
import { PROTOCOL_VERSION } from '../shared/calls.ts'
import type { StreamStateDefinition } from '../shared/state-schema.ts'
import type { SendWrite } from '../shared/send-write.ts'
import type { Transform } from '../shared/transform.ts'
import type { Endpoint } from './connect.ts'

export type WorkerLike = Worker | SharedWorker

/** The argument of the application's function that makes the worker. */
export interface WorkerContext {
  /** A name with this library's protocol version in it: a shared worker of that name has the same version. */
  readonly name: string
  /** False when a shared worker must not be used: `sharedWorker: false`, or the running one is of another version. */
  readonly shared: boolean
}

export type WorkerOption = WorkerLike | ((context: WorkerContext) => WorkerLike)

export interface OpenEndpoint {
  readonly endpoint: Endpoint
  /** Whether another worker can be made when this one dies. */
  readonly renewable: boolean
  /** It was there before, and another one can be made: it may be dead, and nobody has noticed. */
  readonly reused: boolean
  /**
   * Ends the worker, if the option's function made it and no StreamDB uses it any more.
   * @param dead no StreamDB may use it again
   */
  release(dead?: boolean): void
}

/** How long a worker outlives its last StreamDB, ms: a component that is mounted again finds it running. */
const GRACE_MS = 2000

/** A worker, and the number of StreamDBs on it. */
interface Use {
  readonly worker: WorkerLike
  readonly shared: boolean
  users: number
  /** The timer that ends the worker after its last StreamDB's release. */
  end: ReturnType<typeof setTimeout> | undefined
}

/** Option → its worker: StreamDBs with the same function share its worker. */
const uses = new WeakMap<object, Use>()

/**
 * Opens the application's worker, or takes the one that is open.
 * @param shared whether it may be a shared worker
 * @returns null when it is a shared worker although `shared` is false
 * @throws SidestreamError `WORKER_START_FAILED`, `INVALID_OPTIONS`
 */
export function openWorker(option: WorkerOption, shared: boolean): OpenEndpoint | null {
  const renewable = typeof option === 'function'
  let use = uses.get(option)
  const reused = renewable && use?.shared === shared
  if (use?.shared !== shared) {
    try {
      use = { worker: renewable ? option({ name: `sidestream-${String(PROTOCOL_VERSION)}`, shared }) : option, shared, users: 0, end: undefined }
    } catch (error) {
      throw new SidestreamError('WORKER_START_FAILED', `the worker cannot be made: ${describe(error)}`, { cause: error })
    }
  }
  const { worker } = use
  // Untyped callers may give any value.
  const port = ((worker as Partial<SharedWorker> | null)?.port ?? worker) as MessagePort | Worker | null
  if (typeof port?.postMessage !== 'function') {
    throw new SidestreamError('INVALID_OPTIONS', '`worker` is no Worker, SharedWorker, or function that makes one')
  }
  if (port !== worker) {
    if (!shared) return null
    ;(port as MessagePort).start()
  }
  uses.set(option, use)
  const own = use
  own.users += 1
  clearTimeout(own.end)
  let released = false
  return {
    renewable,
    reused,
    endpoint: {
      post: (message, ports) => {
        port.postMessage(message, ports)
      },
      onError: (listener) => {
        const report = (event: Event): void => {
          listener((event as Partial<ErrorEvent>).message ?? '')
        }
        worker.addEventListener('error', report)
        return () => {
          worker.removeEventListener('error', report)
        }
      },
    },
    release: (dead = false) => {
      if (released) return
      released = true
      own.users -= 1
      const forget = (): void => {
        if (uses.get(option) === own) uses.delete(option)
      }
      if (dead) forget()
      if (!renewable || own.users > 0) return
      own.end = setTimeout(() => {
        forget()
        if (port === worker) (worker).terminate()
        else (port as MessagePort).close()
      }, dead ? 0 : GRACE_MS)
    },
  }
}

/** The engine in this page; its code is loaded on demand. */
export async function openInPage(given: { state: StreamStateDefinition; transform?: Transform | undefined; send?: SendWrite | undefined }, transport: { fetch?: typeof fetch | undefined; stream?: DurableStream | undefined }): Promise<OpenEndpoint> {
  const { connectInPage } = await import('../in-page/in-page.ts')
  return {
    renewable: false,
    reused: false,
    endpoint: {
      post: (message) => {
        connectInPage(message, given, transport)
      },
      onError: () => () => undefined,
    },
    release: () => undefined,
  }
}
