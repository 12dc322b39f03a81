import { expose, wrap } from 'comlink'
import { SidestreamError, fromErrorData } from '../shared/errors.ts'
import { PROTOCOL_VERSION, type ConnectMessage, type EngineContract, type Hello, type HelloReply, type TabContract } from '../shared/calls.ts'
import type { TabStatus } from '../shared/status.ts'

/** The handshake's limit, ms. In most browsers a worker script that fails to load causes no event. */
const HANDSHAKE_LIMIT_MS = 10_000

/** A worker, a shared worker's port, or the in-page engine. */
export interface Endpoint {
  post(message: ConnectMessage, ports: MessagePort[]): void
  /** Calls `listener` when the script fails to load. @returns a function that stops listening */
  onError(listener: (message: string) => void): () => void
}

/** A contract through a proxy: every method returns a promise. */
export type Remote<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never
}

export interface Session {
  readonly engine: Remote<EngineContract>
  readonly epoch: string
  readonly status: TabStatus
  readonly aliveLock: string | null
  /** Closes the ports; pending calls get no answer. */
  readonly close: () => void
}

/**
 * Opens a session: gives the engine two ports, one for each direction. This is the only file of the tab's side that calls
 * Comlink.
 *
 * @throws SidestreamError `WORKER_START_FAILED`, `VERSION_MISMATCH`
 */
export async function connect(endpoint: Endpoint, hello: Hello, tab: TabContract): Promise<Session> {
  const [engine, own] = [new MessageChannel(), new MessageChannel()]
  const close = (): void => {
    engine.port1.close()
    own.port1.close()
  }
  expose(tab, own.port1)
  const proxy = wrap<EngineContract>(engine.port1) as unknown as Remote<EngineContract>
  const ports = [engine.port2, own.port2] as const
  const message: ConnectMessage = { sidestream: 'connect', version: PROTOCOL_VERSION, hello, engine: ports[0], tab: ports[1] }
  try {
    const reply = await handshake(endpoint, async () => {
      endpoint.post(message, [...ports])
      return proxy.hello()
    })
    if (!reply.ok) throw fromErrorData(reply.error)
    return { ...reply, engine: proxy, close }
  } catch (error) {
    close()
    throw error
  }
}

function handshake(endpoint: Endpoint, shake: () => Promise<HelloReply>): Promise<HelloReply> {
  return new Promise<HelloReply>((resolve, reject) => {
    const fail = (reason: string): void => {
      settle()
      reject(new SidestreamError('WORKER_START_FAILED', reason, { retryable: true }))
    }
    const settle = (): void => {
      clearTimeout(timer)
      unlisten()
    }
    const timer = setTimeout(() => {
      fail('the worker does not answer: is its script a module with sidestream/worker?')
    }, HANDSHAKE_LIMIT_MS)
    const unlisten = endpoint.onError((reason) => {
      fail(`the worker's script fails: ${reason}`)
    })
    shake().then(resolve, reject).finally(settle)
  })
}
