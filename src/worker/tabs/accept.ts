import { expose, wrap } from 'comlink'
import { toErrorData } from '../../shared/errors.ts'
import type { ConnectMessage, EngineContract, HelloReply, TabContract } from '../../shared/protocol.ts'
import type { EngineHome } from '../../shared/status.ts'
import type { Host } from '../host.ts'

/** A session's ports and proxies. Comlink drops the replies of a proxy that is collected, so they are kept. */
const open = new Set<unknown>()

/** Opens a session for a tab. Comlink on the worker's side is in this file only. */
export function accept(host: Host, message: ConnectMessage, home: EngineHome, aliveLock: string | null): void {
  const [engine, tab, reply] = [message.engine, message.tab, message.reply] as [MessagePort, MessagePort, MessagePort]
  const answer = (data: HelloReply): void => {
    reply.postMessage(data)
    reply.close()
  }
  const gone = new AbortController()
  try {
    // A proxy has the shape of what it stands for, but for methods that answer at once: those answer later, or not at all.
    const remote = wrap<TabContract>(tab) as unknown as TabContract
    const { epoch, status, contract } = host.admit(message.hello, remote, gone)
    expose(contract satisfies EngineContract, engine)
    const pin = [engine, tab, remote, contract]
    open.add(pin)
    gone.signal.addEventListener('abort', () => {
      open.delete(pin)
    })
    answer({ ok: true, epoch, home, status, aliveLock })
  } catch (error) {
    answer({ ok: false, error: toErrorData(error, 'WORKER_START_FAILED') })
  }
}
