import type { ConnectMessage } from '../shared/calls.ts'
import type { StreamStateDefinition } from '../shared/state-schema.ts'
import type { SendWrite } from '../shared/send-write.ts'
import type { Transform } from '../shared/transform.ts'
import { browserEnv } from '../worker/env/browser-env.ts'
import { Host } from '../worker/host.ts'
import { accept } from '../worker/tabs/comlink.ts'
import type { GivenTransport } from '../worker/stream/http-source.ts'
import { validatorsOf } from '../worker/validators.ts'

/** Options of an engine in the page. For an engine in a worker, the worker file gives these options to `exposeStreamDB`. */
export interface Given {
  readonly state: StreamStateDefinition
  readonly transform?: Transform | undefined
  readonly send?: SendWrite | undefined
}

/**
 * Connects to an engine in the page, for tests and web views without workers. The page reaches it through the same ports and
 * messages as an engine in a worker, so that rows are never shared by reference and nothing behaves differently.
 */
export function connectInPage(message: ConnectMessage, { state, transform, send }: Given, transport: GivenTransport): void {
  const validators = validatorsOf(state)
  // Each StreamDB has an engine of its own, which no other tab can find: its grace is 0 ms.
  const host = new Host(browserEnv({ ...transport, send }), () => validators, () => transform ?? null, 0)
  accept(host.at({ where: 'page', aliveLock: null }), message)
}
