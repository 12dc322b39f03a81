import type { ConnectMessage } from '../shared/calls.ts'
import type { StreamStateDefinition } from '../shared/state-schema.ts'
import type { Transform } from '../shared/transform.ts'
import { browserEnv } from '../worker/env/browser-env.ts'
import { Host } from '../worker/host.ts'
import { accept } from '../worker/tabs/comlink.ts'
import type { GivenTransport } from '../worker/stream/http-source.ts'
import { validatorsOf } from '../worker/validators.ts'

/** What an engine in a worker is given by its worker file. */
export interface Given {
  readonly state: StreamStateDefinition
  readonly transform?: Transform | undefined
}

/**
 * The engine in the page: tests, server-side rendering, web views without workers. It is reached through the same ports
 * and messages as one in a worker, so that rows are never shared by reference and nothing behaves differently.
 */
export function connectInPage(message: ConnectMessage, { state, transform }: Given, transport: GivenTransport): void {
  const validators = validatorsOf(state)
  // An engine of its own for each StreamDB: no other tab can find it, so that it has nothing to wait for.
  const host = new Host(browserEnv(transport), () => validators, () => transform ?? null, 0)
  accept(host.at({ where: 'page', aliveLock: null }), message)
}
