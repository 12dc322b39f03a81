import { expose, wrap, type Endpoint } from 'comlink'
import { SidestreamError, toErrorData } from '../../shared/errors.ts'
import type { ConnectMessage, EngineContract, HelloReply, TabContract } from '../../shared/calls.ts'
import type { Admission } from './admission.ts'
import { ENGINE_CALLS, isAnswer, isCall, isHello, TAB_CALLS } from '../../shared/guards.ts'

/*
 * Comlink on the worker's side is in this file only.
 */

/** The two ways of a session, each for calls in one direction and their answers. */
export interface Lanes {
  /** The tab calls `EngineContract`. */
  readonly engine: Endpoint
  /** The engine calls `TabContract`. */
  readonly tab: Endpoint
}

/** A session's ports and proxies. Comlink drops the replies of a proxy that is collected, so they are kept. */
const open = new Set<unknown>()

/** Sessions that this worker keeps anything of. */
export const openSessions = (): number => open.size

/** Opens a session for a tab that has sent its connect message. */
export function accept(admission: Admission, { hello, engine, tab }: ConnectMessage): void {
  const [enginePort, tabPort] = [engine, tab] as [MessagePort, MessagePort]
  const gone = new AbortController()
  gone.signal.addEventListener('abort', () => {
    // Not before the answer to its leave is out.
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
    // A proxy has the shape of what it stands for, but for methods that answer at once: those answer later, or not at all.
    const remote = wrap<TabContract>(calls) as unknown as TabContract
    contract = admission.admit(hello, remote, gone)
    pin([engine, calls, remote, contract], gone.signal)
  } catch (error) {
    const refusal: HelloReply = { ok: false, error: toErrorData(error, 'WORKER_START_FAILED') }
    contract = { hello: () => refusal }
  }
  expose(contract, guarded(engine, (message) => isCall(message, ENGINE_CALLS)))
}

/** The other end of {@link serve}: an engine elsewhere, for a tab here. Its answers come later, or never. */
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

/** Lets through only what looks right. */
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
