import type { ConnectMessage } from '../shared/protocol.ts'
import type { StreamStateDefinition } from '../shared/state-schema.ts'
import { browserEnv } from '../worker/browser-env.ts'
import { Host } from '../worker/host.ts'
import { accept } from '../worker/tabs/ports.ts'
import type { GivenTransport } from '../worker/stream/http-source.ts'
import { validatorsOf } from '../worker/validators.ts'

/**
 * The engine in the page: tests, server-side rendering, web views without workers. It is reached through the same ports
 * and messages as one in a worker, so that rows are never shared by reference and nothing behaves differently.
 */
export function connectInPage(message: ConnectMessage, state: StreamStateDefinition, transport: GivenTransport): void {
  const validators = validatorsOf(state)
  const host = new Host(browserEnv(transport), () => validators)
  accept(host.at({ where: 'page', aliveLock: null }), message)
}
