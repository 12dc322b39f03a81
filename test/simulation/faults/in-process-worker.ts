import type { ConnectMessage } from '../../../src/shared/calls.ts'
import { browserEnv } from '../../../src/worker/env/browser-env.ts'
import { Host } from '../../../src/worker/host.ts'
import { accept } from '../../../src/worker/tabs/comlink.ts'

/** What makes a worker without a thread: the same engine, reached by the same ports, whose chance can be replayed. */
export function inProcessWorker(transport: typeof fetch, random: () => number): () => Worker {
  const host = new Host({ ...browserEnv({ fetch: transport }), random }, () => new Map())
  const admission = host.at({ where: 'leader', aliveLock: null })
  return () => {
    const worker: Pick<Worker, 'postMessage' | 'terminate' | 'addEventListener' | 'removeEventListener'> = {
      postMessage: (message: ConnectMessage) => {
        accept(admission, message)
      },
      terminate: () => undefined,
      addEventListener: () => undefined,
      removeEventListener: () => undefined,
    }
    return worker as Worker
  }
}
