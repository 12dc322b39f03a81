import { RowDiff } from '../../shared/row-diff.ts'
import { positionOf, type Reading } from '../core/reading.ts'
import type { Clock } from '../ports.ts'
import type { Publication, Readiness, TabSession } from '../tabs/tab-session.ts'
import { NO_OUTBOX_NEWS, type OutboxNews, type PendingWrite } from '../../shared/write.ts'
import type { VisibleState } from '../core/materialize.ts'
import type { Member } from './member.ts'

/** How long the stream waits for a tab that has no room for more raw events, ms. */
const ROOM_LIMIT_MS = 30_000

/** The part of a publication that depends on the batch. */
export type News = Pick<Publication, 'diff' | 'txids' | 'events' | 'invalid' | 'isOfOutbox'>

/** Nothing has changed. Its diff has to stay empty. */
export const NO_NEWS: News = { diff: new RowDiff(), txids: [], events: [], invalid: [], isOfOutbox: false }

export interface MembersOptions {
  readonly clock: Clock
  /** The reading that tabs see. */
  readonly shown: () => Reading
  /** Its state, as tabs see it. */
  readonly visible: () => VisibleState
  /** The pending writes, in order. */
  readonly pending: () => ReadonlyArray<PendingWrite>
  readonly readiness: () => Readiness
  /** The rows that tabs see have changed, by this diff; null when they are those of another state. */
  readonly onRows: (diff: RowDiff | null) => void
}

/** All tabs of an engine, for work that is the same for each of them. */
export class Members {
  readonly #options: MembersOptions
  readonly #members = new Set<Member>()

  constructor(options: MembersOptions) {
    this.#options = options
  }

  get all(): ReadonlySet<Member> {
    return this.#members
  }

  /** A tab's rows are newer than what was read so far. */
  get isAnyAhead(): boolean {
    return [...this.#members].some(({ session }) => session.isAhead)
  }

  /** A tab still lacks rows. */
  get isAnyBehind(): boolean {
    return [...this.#members].some(({ session }) => session.isBehind)
  }

  /** A tab has been given the shown rows. */
  get isAnyOpen(): boolean {
    return [...this.#members].some(({ session }) => session.isOpen)
  }

  add(member: Member): void {
    this.#members.add(member)
  }

  /** @returns whether it was there */
  delete(member: Member): boolean {
    return this.#members.delete(member)
  }

  clear(): void {
    this.#members.clear()
  }

  /** Gives a tab the shown rows, or the shown rows that it lacks; then the tab gets each publication. */
  open(session: TabSession): void {
    const shown = this.#options.shown()
    session.open(this.#options.visible(), positionOf(shown), shown.txids, this.#options.readiness())
    session.status()
    const pending = this.#options.pending()
    // A tab that comes from another engine may list writes that are gone.
    if (pending.length > 0 || session.isReturning) session.outbox({ ...NO_OUTBOX_NEWS, reset: true, added: pending })
  }

  /** The list of pending writes has changed. Only one tab is told of refused writes: a visible one, if there is one. */
  outbox(news: OutboxNews): void {
    const wanting = [...this.#members].filter(({ isStarted, joining }) => isStarted && joining.wantsRejected)
    const told = wanting.find(({ visible }) => visible) ?? wanting[0]
    for (const member of this.#members) member.session.outbox(member === told ? news : { ...news, rejected: [] })
  }

  /** The list of pending writes begins anew. A session that is not open yet gets the whole list when it is opened. */
  listAnew(): void {
    const open = [...this.#members].map(({ session }) => session).filter(({ isOpen }) => isOpen)
    if (open.length === 0) return
    const news = { ...NO_OUTBOX_NEWS, reset: true, added: this.#options.pending() }
    for (const session of open) session.outbox(news)
  }

  openAll(): void {
    for (const session of this.started()) this.open(session)
    this.#options.onRows(null)
  }

  /** The rows that were shown are not valid. */
  invalidateAll(): void {
    for (const { session } of this.#members) session.invalidate()
    this.#options.onRows(null)
  }

  publish(news: News, atEnd: boolean): void {
    this.#publish(news, atEnd)
    this.#options.onRows(news.diff)
  }

  /** Results of queries have changed, or are known now. */
  publishResults(diff: RowDiff): void {
    this.#publish({ ...NO_NEWS, diff }, false)
  }

  #publish(news: News, atEnd: boolean): void {
    const shown = this.#options.shown()
    const publication = { ...news, atEnd, state: this.#options.visible(), to: positionOf(shown), ...this.#options.readiness() }
    for (const { session } of this.#members) session.publish(publication)
  }

  tellStatus(): void {
    for (const { session } of this.#members) session.status()
  }

  /** The problems of single tabs are solved, or the tabs are about to show a newer error. */
  forgetProblems(): void {
    for (const member of this.#members) member.forgetProblem()
  }

  /** Settles when each tab that wants raw events has room for more. */
  async room(): Promise<void> {
    await Promise.all([...this.#members].map(({ session }) => this.#roomOf(session)))
  }

  /** Sessions of the tabs that are listening. */
  *started(): Iterable<TabSession> {
    for (const { session, isStarted } of this.#members) if (isStarted) yield session
  }

  /** One tab may delay the stream, but not for ever: other tabs are waiting. */
  async #roomOf(session: TabSession): Promise<void> {
    if (session.hasRoom) return
    const cancel = this.#options.clock.after(ROOM_LIMIT_MS, () => {
      session.miss()
    })
    await session.room()
    cancel()
  }
}
