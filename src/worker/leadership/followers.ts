import type { StreamSettings } from '../../shared/settings.ts'
import { isRecord } from '../../shared/guards.ts'
import type { Host } from '../host.ts'
import type { EngineEnv, SealingKey } from '../ports.ts'
import type { Admission } from '../tabs/admission.ts'
import { serve } from '../tabs/comlink.ts'
import { unsealingTab, type WireTab } from './sealed-values.ts'
import { Wire } from './wire.ts'

export interface FollowersOptions {
  readonly env: EngineEnv
  readonly host: Host
  readonly settings: StreamSettings
  /** See `CandidateOptions`. */
  readonly name: string
}

interface FollowerSession {
  readonly wire: Wire
  readonly gone: AbortController
}

/** The tabs of other workers, while this worker leads: a session with each of them. */
export class Followers {
  readonly #options: FollowersOptions
  /** By the session's name. */
  readonly #sessions = new Map<string, FollowerSession>()
  /** The tabs seal their headers and params to this key; made on demand. */
  #key: Promise<SealingKey> | null = null

  constructor(options: FollowersOptions) {
    this.#options = options
  }

  /** Opens the session of this name, for a tab that looks for its leader; serves the tab once its hello has come. */
  serve(name: string, term: number): void {
    const known = this.#sessions.get(name)
    if (known) {
      known.wire.beat()
      return
    }
    const { env } = this.#options
    const gone = new AbortController()
    let isServed = false
    const wire: Wire = new Wire({
      env,
      name: `${this.#options.name}:${name}`,
      side: 'leader',
      term,
      onHello: (said) => {
        if (isServed || !isRecord(said)) return
        isServed = true
        // A worker that finds this channel has the same settings: the channel's name is a digest of them.
        const hello = { ...said, settings: this.#options.settings, request: null }
        serve(this.#admission, hello, wire.lanes, gone)
      },
      onBroken: () => {
        gone.abort()
      },
    })
    this.#sessions.set(name, { wire, gone })
    gone.signal.addEventListener('abort', () => {
      this.#sessions.delete(name)
      // In a later task, so that the answer to the tab's `leave` is still sent.
      env.clock.after(0, () => {
        wire.close()
      })
    })
    wire.beat()
  }

  /** Ends all sessions: this worker leads no longer. */
  dismiss(): void {
    for (const { gone } of [...this.#sessions.values()]) gone.abort()
  }

  readonly #admission: Admission = {
    admit: (hello, tab, gone) => {
      const { env, host } = this.#options
      const key = (): Promise<SealingKey> => (this.#key ??= env.sealing.newKey())
      return host.admit(hello, unsealingTab(tab as unknown as WireTab, key), gone, { where: 'follower', aliveLock: null })
    },
  }
}
