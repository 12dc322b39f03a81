import type { ConnectMessage } from '../../../src/shared/protocol.ts'
import { browserEnv } from '../../../src/worker/browser-env.ts'
import { Host } from '../../../src/worker/host.ts'
import { accept } from '../../../src/worker/tabs/ports.ts'

/** A shared worker without a thread: the same engine, reached by the same ports, for every tab that is given `worker`. */
export class EngineProcess {
  readonly #host: Host

  constructor(transport: typeof fetch) {
    this.#host = new Host(browserEnv({ fetch: transport }), () => new Map())
  }

  readonly worker = (): SharedWorker => {
    const admission = this.#host.at({ where: 'shared-worker', aliveLock: null })
    const port = {
      start: () => undefined,
      close: () => undefined,
      postMessage: (message: ConnectMessage) => {
        accept(admission, message)
      },
    }
    return { port, addEventListener: () => undefined, removeEventListener: () => undefined } as unknown as SharedWorker
  }
}
