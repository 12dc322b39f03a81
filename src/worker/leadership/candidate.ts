import { PROTOCOL_VERSION, type Hello } from '../../shared/calls.ts'
import type { StreamSettings } from '../../shared/settings.ts'
import { cacheName, outboxName } from '../../shared/names.ts'
import { callsBeforeTheft, isPlausibleTerm, nextRole, type Role, type RoleEvent } from '../core/leadership.ts'
import type { Channel, EngineEnv, Lock } from '../ports.ts'
import { engineKey, GRACE_MS, type Host } from '../host.ts'
import { reach } from '../tabs/comlink.ts'
import { Followers } from './followers.ts'
import { isAnnouncement, type Announcement } from './messages.ts'
import { sealingTab } from './sealed-values.ts'
import type { Seat } from './seat.ts'
import { Wire } from './wire.ts'

/** A worker without a leader calls for one at this interval, ms. */
const CALL_MS = 500
/** How long a leader that hands over may take to store its unstored changes, ms. */
const HANDOVER_LIMIT_MS = 1000

export interface CandidateOptions {
  readonly env: EngineEnv
  readonly host: Host
  readonly settings: StreamSettings
  /** Name of the leader's lock, and of the channel on which it is found. */
  readonly name: string
  onResigned(): void
}

/** A tab of this worker, and its session with the leader while another worker leads. */
interface CandidateTab {
  readonly seat: Seat
  wire: Wire | null
  /** The call for a leader, for this wire. */
  announcement: Announcement | null
  /** Number of the present search for an engine; a result of an earlier search is ignored. */
  search: number
}

/** A worker that does not lead waits in the queue for the leader's lock; aborting `queue` takes it out. */
type WaitingRole = Exclude<Role, 'leading' | 'resigned'>

type RoleState =
  | { readonly role: WaitingRole; readonly queue: AbortController }
  /** `lock` is null where there are no locks, and so no other workers to agree with. */
  | { readonly role: 'leading'; readonly lock: Lock | null }
  | { readonly role: 'resigned' }

/**
 * One worker's part in the leadership of one stream. It queues for the leader's lock for as long as it has tabs, and follows the
 * worker that holds the lock. A leader that holds the lock and does not answer is frozen: after several calls without an answer
 * the lock is stolen, by one worker at a time, and after one last call.
 */
export class Candidate {
  readonly #options: CandidateOptions
  #channel: Channel | null
  readonly #tabs = new Set<CandidateTab>()
  readonly #followers: Followers
  #state: RoleState = { role: 'seeking', queue: new AbortController() }
  /** The highest term heard of; terms order leaders. */
  #term = 0
  #thefts = 0
  #unanswered = 0
  #cancelCall: (() => void) | null = null
  /** Cancels the grace period, which begins when the last tab leaves. */
  #cancelGrace: (() => void) | null = null

  constructor(options: CandidateOptions) {
    this.#options = options
    this.#followers = new Followers(options)
    this.#channel = options.env.openChannel(options.name, (message) => {
      if (isAnnouncement(message)) this.#onAnnouncement(message)
    })
    if (this.#channel) this.#wait()
    else this.#lead(null)
  }

  /** @param gone aborts when the tab is gone */
  add(seat: Seat, gone: AbortSignal): void {
    const tab: CandidateTab = { seat, wire: null, announcement: null, search: 0 }
    this.#tabs.add(tab)
    this.#cancelGrace?.()
    gone.addEventListener('abort', () => {
      this.#tabs.delete(tab)
      this.#unanswered = 0
      this.#cancelGrace?.()
      if (this.#tabs.size === 0) this.#cancelGrace = this.#options.env.clock.after(GRACE_MS, () => void this.#resign())
    })
    if (this.#is('leading')) void this.#serveOwn(tab)
    else this.#callLeader()
  }

  #is(...roles: Role[]): boolean {
    return roles.includes(this.#state.role)
  }

  /** @param lock of a leader @returns whether the role has changed */
  #transition(event: RoleEvent, lock: Lock | null = null): boolean {
    const before = this.#state
    const role = nextRole(before.role, event)
    if (role === before.role) return false
    if (role === 'leading') this.#state = { role, lock }
    else if (role === 'resigned') this.#state = { role }
    else this.#state = { role, queue: queueOf(before) ?? new AbortController() }
    return true
  }

  /** Waits for the lock, after the other workers. */
  #wait(): void {
    const queue = queueOf(this.#state)
    if (!queue) return
    this.#options.env.locks.wait(this.#options.name, queue.signal).then(
      (lock) => {
        // This worker steals the lock, or has left the queue: it must not hold the lock twice, or at all.
        if (queue.signal.aborted) lock.release()
        else this.#lead(lock)
      },
      () => {
        // The browser has refused the request: this context has no locks, and so no other workers to agree with.
        if (!queue.signal.aborted) this.#leadAlone()
      },
    )
  }

  #leadAlone(): void {
    this.#channel?.close()
    this.#channel = null
    this.#lead(null)
  }

  /** @param lock null where there are no locks, and so no other workers to agree with */
  #lead(lock: Lock | null): void {
    const queue = queueOf(this.#state)
    if (!this.#transition('granted', lock)) {
      lock?.release()
      return
    }
    queue?.abort()
    this.#cancelCall?.()
    this.#cancelCall = null
    // The clock is the same for all workers, so a new leader's term is not below the term of a leader that it never heard of.
    this.#term = Math.max(this.#term + 1, Math.floor(this.#options.env.clock.now()))
    void lock?.lost.then(() => {
      if (this.#state.role === 'leading' && this.#state.lock === lock) this.#stepDown()
    })
    for (const tab of this.#tabs) {
      this.#release(tab)
      tab.seat.detach()
      void this.#serveOwn(tab)
    }
    this.#announce({ sidestream: PROTOCOL_VERSION, kind: 'lead', term: this.#term })
  }

  /** Another worker has stolen the lock: this worker was asleep, and must neither send nor store anything any more. */
  #stepDown(): void {
    if (!this.#transition('lock-stolen')) return
    const { host, settings } = this.#options
    for (const { seat } of this.#tabs) seat.detach()
    host.abandon(engineKey(settings))
    this.#followers.dismiss()
    this.#wait()
    this.#callLeader()
  }

  async #resign(): Promise<void> {
    if (this.#tabs.size > 0) return
    const before = this.#state
    if (!this.#transition('resign')) return
    this.#options.onResigned()
    this.#cancelCall?.()
    queueOf(before)?.abort()
    if (before.role === 'leading') {
      const { host, settings, env } = this.#options
      // A disk that does not answer must not keep the other workers waiting.
      await Promise.race([host.retire(engineKey(settings)), new Promise<void>((resolve) => env.clock.after(HANDOVER_LIMIT_MS, resolve))])
      this.#followers.dismiss()
      before.lock?.release()
    }
    this.#channel?.close()
  }

  async #serveOwn(tab: CandidateTab): Promise<void> {
    const { host } = this.#options
    const hello = await this.#helloOf(tab)
    if (hello && this.#is('leading')) {
      await tab.seat.attach((reached, life) => host.admit(hello, reached, life, { where: 'leader', aliveLock: null }))
    }
  }

  /** @returns null when another search has begun in the meantime, or the tab is gone */
  async #helloOf(tab: CandidateTab): Promise<Hello | null> {
    const search = (tab.search += 1)
    const hello = await tab.seat.hello()
    return search === tab.search && this.#tabs.has(tab) ? hello : null
  }

  #announce(announcement: Announcement): void {
    this.#channel?.post(announcement)
  }

  #onAnnouncement(announcement: Announcement): void {
    if (this.#is('resigned')) return
    if (announcement.kind === 'seek') {
      if (this.#is('leading')) this.#followers.serve(announcement.session, this.#term)
      return
    }
    const { env } = this.#options
    if (announcement.term <= this.#term || this.#is('leading') || !isPlausibleTerm(announcement.term, this.#term, Math.max(env.clock.now(), env.wallNow()))) return
    this.#term = announcement.term
    this.#unanswered = 0
    // Sessions with a former leader are over, also when that leader does not know of the new one.
    for (const tab of this.#tabs) this.#dropLeader(tab)
    this.#callLeader()
  }

  /** Looks for the leader on behalf of every tab that has none. */
  #callLeader(): void {
    this.#cancelCall?.()
    this.#cancelCall = null
    if (this.#is('leading', 'resigned')) return
    const lost = [...this.#tabs].filter(({ wire }) => !wire?.isWelcome)
    if (lost.length === 0) return
    for (const tab of lost) {
      // The same message again, in case it or its answer was lost.
      if (tab.announcement) this.#announce(tab.announcement)
      else void this.#seek(tab)
    }
    const { env } = this.#options
    const { clock } = env
    const called = clock.now()
    this.#cancelCall = clock.after(CALL_MS, () => {
      // Silence while this worker itself was asleep says nothing about the leader.
      if (clock.now() - called > 2 * CALL_MS) this.#unanswered = 0
      else if (lost.some(({ announcement, wire }) => announcement && !wire?.isWelcome)) this.#unanswered += 1
      if (this.#unanswered >= callsBeforeTheft(this.#thefts, env.random())) void this.#steal()
      this.#callLeader()
    })
  }

  async #seek(tab: CandidateTab): Promise<void> {
    const hello = await this.#helloOf(tab)
    if (!hello || this.#is('leading', 'resigned')) return
    const { env, name } = this.#options
    // A fresh name for each attempt, so that late messages of an earlier attempt are not heard.
    const session = env.newId()
    const wire: Wire = new Wire({
      env,
      name: `${name}:${session}`,
      side: 'follower',
      term: this.#term,
      onWelcome: (term) => {
        this.#onWelcome(tab, wire, term, hello)
      },
      onBroken: () => {
        if (tab.wire !== wire) return
        this.#dropLeader(tab)
        this.#callLeader()
      },
    })
    tab.wire = wire
    tab.announcement = { sidestream: PROTOCOL_VERSION, kind: 'seek', session }
    this.#announce(tab.announcement)
  }

  #onWelcome(tab: CandidateTab, wire: Wire, term: number, { settings: _, request, ...hello }: Hello): void {
    if (tab.wire !== wire || this.#is('leading', 'resigned')) return
    this.#term = Math.max(this.#term, term)
    this.#unanswered = 0
    this.#transition('welcomed')
    wire.introduce(hello)
    void tab.seat.attach((reached, life) => {
      life.signal.addEventListener('abort', () => {
        this.#options.env.clock.after(0, () => {
          wire.close()
        })
      })
      return reach(sealingTab(this.#options.env.sealing, reached, request), wire.lanes, life.signal)
    })
  }

  #dropLeader(tab: CandidateTab): void {
    this.#transition('leader-lost')
    this.#release(tab)
    tab.seat.detach()
  }

  #release(tab: CandidateTab): void {
    tab.wire?.close()
    tab.wire = null
    tab.announcement = null
  }

  async #steal(): Promise<void> {
    if (!this.#transition('silence') || this.#state.role !== 'stealing') return
    const { queue } = this.#state
    const { env, name, settings } = this.#options
    let guard: Lock | null = null
    try {
      guard = await env.locks.take(`${name}:steal`)
      const term = this.#term
      const asked = env.clock.now()
      // Another worker may have stolen the lock by now: one last call, while the guard keeps other workers from stealing.
      await new Promise<void>((resolve) => env.clock.after(CALL_MS, resolve))
      if (guard === null || !this.#is('stealing') || this.#term !== term || env.clock.now() - asked > 2 * CALL_MS) return
      queue.abort()
      const lock = await env.locks.steal(name, [cacheName(settings.url, settings.scope), outboxName(settings.url, settings.scope)])
      this.#thefts += 1
      this.#lead(lock)
    } catch {
      // The browser has refused the lock: calls and attempts go on.
    } finally {
      guard?.release()
      this.#unanswered = 0
      if (this.#transition('yield') && queue.signal.aborted) {
        this.#state = { role: 'seeking', queue: new AbortController() }
        this.#wait()
      }
    }
  }
}

const queueOf = (state: RoleState): AbortController | null => ('queue' in state ? state.queue : null)
