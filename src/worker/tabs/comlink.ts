import { expose, wrap, type Endpoint } from 'comlink'
import { SidestreamError, toErrorData } from '../../shared/errors.ts'
import type { ConnectMessage, EngineContract, HelloReply, TabContract } from '../../shared/calls.ts'
import type { Admission } from './admission.ts'
import { ENGINE_CALLS, isAnswer, isCall, isHello, TAB_CALLS } from '../../shared/guards.ts'

/*
 * The worker's side of Comlink. No other file of the worker calls it.
 */

/** The two lanes of a session, each for calls in one direction and their answers. */
export interface Lanes {
  /** The tab calls `EngineContract`. */
  readonly engine: Endpoint
  /** The engine calls `TabContract`. */
  readonly tab: Endpoint
}

/** Ports and proxies of open sessions. They are kept, because Comlink drops the replies of a proxy that is garbage-collected. */
const open = new Set<unknown>()

/** How many sessions have ports or proxies in this worker. */
export const openSessions = (): number => open.size

/** Opens a session for a tab that has sent its connect message. */
export function accept(admission: Admission, { hello, engine, tab }: ConnectMessage): void {
  const [enginePort, tabPort] = [engine, tab] as [MessagePort, MessagePort]
  const gone = new AbortController()
  gone.signal.addEventListener('abort', () => {
    // In a later task, so that the answer to the tab's `leave` is still sent.
    setTimeout(() => {
      enginePort.close()
      tabPort.close()
    })
  })
  serve(admission, hello, { engine: enginePort, tab: tabPort }, gone)
}

/** Admits a tab over two lanes. A refusal is the answer to its hello. */
export function serve(admission: Admission, hello: unknown, { engine, tab }: Lanes, gone: AbortController): void {
  let contract: EngineContract | Pick<EngineContract, 'hello'>
  try {
    if (!isHello(hello)) throw new SidestreamError('VERSION_MISMATCH', 'the page says hello in a way that is not understood: reload it')
    const calls = guarded(tab, isAnswer)
    // A proxy has the methods of its contract, but each answers with a promise, which may never settle.
    const remote = wrap<TabContract>(calls) as unknown as TabContract
    contract = admission.admit(hello, remote, gone)
    pin([engine, calls, remote, contract], gone.signal)
  } catch (error) {
    const refusal: HelloReply = { ok: false, error: toErrorData(error, 'WORKER_START_FAILED') }
    contract = { hello: () => refusal }
  }
  expose(contract, guarded(engine, (message) => isCall(message, ENGINE_CALLS)))
}

/** The other end of {@link serve}: another worker's engine, for a tab of this worker. Its promises may never settle. */
export function reach(tab: object, lanes: Lanes, gone: AbortSignal): EngineContract {
  expose(tab, guarded(lanes.tab, (message) => isCall(message, TAB_CALLS)))
  const answers = guarded(lanes.engine, isAnswer)
  const engine = wrap<EngineContract>(answers) as unknown as EngineContract
  pin([answers, engine], gone)
  return engine
}

function pin(session: unknown, gone: AbortSignal): void {
  open.add(session)
  gone.addEventListener('abort', () => {
    open.delete(session)
  })
}

/** The endpoint, without the messages that do not pass the guard. */
function guarded(endpoint: Endpoint, isWanted: (message: unknown) => boolean): Endpoint {
  return {
    postMessage: (message, transfer) => {
      endpoint.postMessage(message, transfer)
    },
    addEventListener: (type, listener) => {
      endpoint.addEventListener(type, (event) => {
        if (isWanted((event as MessageEvent).data)) (listener as (event: Event) => void)(event)
      })
    },
    removeEventListener: () => undefined,
    start: () => endpoint.start?.(),
  }
}
