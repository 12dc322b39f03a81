import { expose, wrap } from 'comlink'
import { toErrorData } from '../../shared/errors.ts'
import type { ConnectMessage, EngineContract, HelloReply, TabContract } from '../../shared/protocol.ts'
import type { Host, Whereabouts } from '../host.ts'

/** A session's ports and proxies. Comlink drops the replies of a proxy that is collected, so they are kept. */
const open = new Set<unknown>()

/** Opens a session for a tab. Comlink on the worker's side is in this file only. */
export function accept(host: Host, message: ConnectMessage, about: Whereabouts): void {
  const [engine, tab] = [message.engine, message.tab] as [MessagePort, MessagePort]
  const gone = new AbortController()
  let contract: EngineContract | Pick<EngineContract, 'hello'>
  try {
    // A proxy has the shape of what it stands for, but for methods that answer at once: those answer later, or not at all.
    const remote = wrap<TabContract>(tab) as unknown as TabContract
    contract = host.admit(message.hello, remote, gone, about)
    const pin = [engine, tab, remote, contract]
    open.add(pin)
    gone.signal.addEventListener('abort', () => {
      open.delete(pin)
    })
  } catch (error) {
    const refusal: HelloReply = { ok: false, error: toErrorData(error, 'WORKER_START_FAILED') }
    contract = { hello: () => refusal }
  }
  expose(contract, engine)
}
