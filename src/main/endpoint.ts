import type { DurableStream } from '@durable-streams/client'
import { SidestreamError, describe } from '../shared/errors.ts'
import type { StreamStateDefinition } from '../shared/state-schema.ts'
import type { Endpoint } from './connect.ts'

export type WorkerLike = Worker | SharedWorker
export type WorkerOption = WorkerLike | (() => WorkerLike)

export interface OpenEndpoint {
  readonly endpoint: Endpoint
  /** Whether another one can be made when this one dies. */
  readonly renewable: boolean
  /** Ends the worker, if it is ours to end and nobody else uses it. */
  release(): void
}

/** Workers that a factory of the application has made, with the number of StreamDBs on each. */
const users = new WeakMap<WorkerLike, number>()

/** @throws SidestreamError `WORKER_START_FAILED` */
export function openWorker(option: WorkerOption): OpenEndpoint {
  const renewable = typeof option === 'function'
  let worker: WorkerLike
  try {
    worker = renewable ? option() : option
  } catch (error) {
    throw new SidestreamError('WORKER_START_FAILED', `the worker cannot be made: ${describe(error)}`, { cause: error })
  }
  // Untyped callers hand in all sorts of things.
  const port = ((worker as Partial<SharedWorker> | null)?.port ?? worker) as MessagePort | Worker | null
  if (typeof port?.postMessage !== 'function') {
    throw new SidestreamError('INVALID_OPTIONS', '`worker` is no Worker, SharedWorker, or function that makes one')
  }
  users.set(worker, (users.get(worker) ?? 0) + 1)
  if ('port' in worker) worker.port.start()
  let released = false
  return {
    renewable,
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
    release: () => {
      if (released) return
      released = true
      const left = (users.get(worker) ?? 1) - 1
      users.set(worker, left)
      if (renewable && left === 0 && 'terminate' in worker) worker.terminate()
    },
  }
}

/** The engine in this page; its code is loaded only when it is needed. */
export async function openInPage(state: StreamStateDefinition, transport: { fetch?: typeof fetch | undefined; stream?: DurableStream | undefined }): Promise<OpenEndpoint> {
  const { connectInPage } = await import('../in-page/in-page.ts')
  return {
    renewable: false,
    endpoint: {
      post: (message) => {
        connectInPage(message, state, transport)
      },
      onError: () => () => undefined,
    },
    release: () => undefined,
  }
}
