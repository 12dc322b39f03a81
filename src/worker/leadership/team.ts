import { PROTOCOL_VERSION, type EngineContract, type Hello, type TabContract } from '../../shared/calls.ts'
import { digest } from '../../shared/digest.ts'
import { NAME_PREFIX } from '../../shared/names.ts'
import type { EngineEnv } from '../ports.ts'
import { assertVersion, engineKey, noticeDeath, type Host } from '../host.ts'
import type { Admission } from '../tabs/admission.ts'
import { Clients } from '../tabs/clients.ts'
import { Candidate } from './candidate.ts'
import { Seat } from './seat.ts'

export interface TeamOptions {
  readonly env: EngineEnv
  readonly host: Host
  /** Name of a Web Lock that this worker holds for as long as it lives. */
  readonly aliveLock: string | null
  /** Workers of one version share a leader: another version of the application may validate rows differently. */
  readonly version: string
}

/**
 * The workers of several tabs. For each stream one of them leads: it has the connection and the cache, and the other workers
 * reach it by channel. The contract of a tab is the same in both cases.
 */
export class Team implements Admission {
  readonly #options: TeamOptions
  readonly #candidates = new Map<string, Candidate>()
  readonly #clients = new Clients()

  constructor(options: TeamOptions) {
    this.#options = options
  }

  admit(hello: Hello, tab: TabContract, gone: AbortController): EngineContract {
    assertVersion(hello)
    this.#clients.enter(hello.client, gone)
    const { env, host, aliveLock, version } = this.#options
    const key = engineKey(hello.settings)
    let candidate = this.#candidates.get(key)
    if (!candidate) {
      // A digest, because all code of the origin can read the names of locks, and settings have a URL and a scope.
      const name = `${NAME_PREFIX}:${String(PROTOCOL_VERSION)}:leader:${digest(JSON.stringify([version, key]))}`
      candidate = new Candidate({
        env,
        host,
        settings: hello.settings,
        name,
        onResigned: () => {
          if (this.#candidates.get(key) === candidate) this.#candidates.delete(key)
        },
      })
      this.#candidates.set(key, candidate)
    }
    const seat = new Seat({ hello, tab, gone, epoch: env.newId(), aliveLock })
    if (hello.tabLock !== null) noticeDeath(env, hello.tabLock, gone)
    candidate.add(seat, gone.signal)
    return seat.contract
  }
}
