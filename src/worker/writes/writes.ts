import { SidestreamError, toErrorData, type ErrorData } from '../../shared/errors.ts'
import { Gate } from '../../shared/gate.ts'
import { cacheName, outboxName } from '../../shared/names.ts'
import { RowDiff } from '../../shared/row-diff.ts'
import type { CollectionShape, StreamSettings } from '../../shared/settings.ts'
import type { OutboxNews, PendingWrite, Write } from '../../shared/write.ts'
import { verdictOn } from '../cache/registration.ts'
import { countStoredWrites } from '../cache/stored-writes.ts'
import { isTooDeep, MOST_VALUE_LEVELS } from '../core/depth.ts'
import { encodeWrite } from '../core/encode-write.ts'
import { refusalOf, type Validator } from '../core/materialize.ts'
import type { Moment } from '../core/lineage.ts'
import { Outbox, pendingOf, type OutboxChange, type OutboxHead, type Target } from '../core/outbox.ts'
import type { NumberedMutations, Overlay } from '../core/overlay.ts'
import type { Reading } from '../core/reading.ts'
import { toldByHead } from '../core/stored-phases.ts'
import { UnreadableCacheError, type EngineEnv, type StoredOutbox, type StreamSource } from '../ports.ts'
import { OutboxStorage } from './outbox-storage.ts'
import { PendingList } from './pending-list.ts'
import { Sender } from './sender.ts'

/** The rows that tabs see, and the pending writes that are laid over them. */
export interface LaidRows {
  readonly overlay: Pick<Overlay, 'isLaid' | 'before'>
  readonly shown: Pick<Reading, 'offset' | 'txids'>
  /** How far the shown rows reach. */
  readonly moment: Moment
  /** Whether the shown rows go on from there. */
  holds(moment: Moment): boolean
  /** @param diff gets the changes; null when no tab has rows yet */
  lay(writes: ReadonlyArray<NumberedMutations>, diff: RowDiff | null): void
  /** Numbers of writes that are not laid change nothing. @param diff gets the changes */
  uncover(numbers: ReadonlyArray<number>, diff: RowDiff): void
}

export interface WritesOptions {
  readonly env: EngineEnv
  readonly settings: StreamSettings
  readonly source: StreamSource
  readonly validators: ReadonlyMap<string, Validator>
  readonly readings: LaidRows
  /** The stream was read to its end. */
  readonly isCaughtUp: () => boolean
  /** A tab has been given the rows that tabs see. */
  readonly isSeen: () => boolean
  /** The rows that tabs see have changed. @param txids of writes whose rows are the stream's own now */
  readonly onRows: (diff: RowDiff, txids: ReadonlyArray<string>) => void
  readonly onNews: (news: OutboxNews) => void
  /** The list of pending writes begins anew, as {@link Writes.pending}. */
  readonly onReset: () => void
  /** The numbers for the status have changed. */
  readonly onCounts: () => void
  readonly onProblem: (error: ErrorData) => void
  /** The outbox was deleted by another engine, which has cleared the cache. */
  readonly onDeleted: () => void
}

/** A stream that ends before what an earlier engine has confirmed is believed to do so after this time, ms. */
const END_IS_BELIEVED_MS = 10_000

/** What a change has done to the rows that tabs see. */
interface Effect {
  readonly diff: RowDiff
  /** Writes that are not laid over the rows any more, because the rows have them. */
  readonly txids: string[]
}

/**
 * The pending writes of a stream and a scope: it joins the outbox (what is sent next), its stored copy, the sender, and the overlay
 * of the readings (what tabs see). A change of the outbox takes effect here, once, for all of them.
 */
export class Writes {
  readonly #options: WritesOptions
  readonly #shapes: ReadonlyMap<string, CollectionShape>
  readonly #storage: OutboxStorage
  #sender: Sender
  readonly #list: PendingList
  /** ms by the wall clock */
  readonly #beganAt: number
  readonly #opened = new Gate<void>()
  #outbox: Outbox
  /** The head that was stored last. A change that has this head, and no entry, need not be stored. */
  #savedHead: OutboxHead
  /** A stored outbox that was opened. It is adopted when the outbox in memory {@link Outbox.isAtRest}. */
  #found: StoredOutbox | null = null
  /** The present outbox goes on with the stored one. */
  #isAdopted = false
  /** Cancels the look at what was confirmed beyond the stream's end; see {@link atEnd}. */
  #cancelEnd: (() => void) | null = null
  /** How often {@link clear} was called. */
  #clears = 0
  /** Writes that are being stored, by id. */
  readonly #storing = new Map<string, Promise<void>>()
  /** Confirmed writes whose rows are not shown yet, with the offset of their events. */
  readonly #coming = new Map<number, string>()

  constructor(options: WritesOptions) {
    const { env, settings } = options
    this.#options = options
    this.#beganAt = options.env.wallNow()
    this.#shapes = new Map(settings.collections.map((shape) => [shape.name, shape]))
    this.#outbox = this.#empty()
    this.#savedHead = this.#outbox.head
    this.#list = new PendingList({ onNews: options.onNews, onReset: options.onReset })
    this.#storage = new OutboxStorage({
      env,
      name: outboxName(settings.url, settings.scope),
      entries: () => this.#outbox.entries,
      recent: () => this.#outbox.recent,
      head: () => this.#outbox.head,
      onOpened: (stored) => {
        this.#onOpened(stored)
      },
      onWhole: options.onCounts,
      verdict: () => verdictOn({ env, name: cacheName(settings.url, settings.scope) }, this.#beganAt),
      onLost: (why, error) => {
        this.#onLost(why, error)
      },
    })
    this.#sender = this.#newSender()
  }

  /** In order, without those that are being stored: they may be refused yet. */
  get pending(): ReadonlyArray<PendingWrite> {
    return [...this.#outbox.entries].flatMap((entry) => (this.#list.has(entry) ? (pendingOf(entry) ?? []) : []))
  }

  get counts(): { readonly pending: number; readonly parked: number; readonly durable: boolean } {
    const { pending, parked } = this.#list
    return { pending, parked, durable: this.#isDurable && this.#storage.isWhole }
  }

  /** A write waits to be sent or answered. */
  get isWaiting(): boolean {
    return this.#list.pending > 0
  }

  /** Opens the stored outbox, and lays its writes over the rows. Never rejects. */
  async open(): Promise<void> {
    // Without a cache nothing is stored, and so no write is.
    if (this.#options.settings.cache !== null) await this.#storage.open()
    this.#opened.resolve()
    this.#options.onCounts()
  }

  /** Settles when {@link open} has. */
  get opened(): Promise<void> {
    return this.#opened.promise
  }

  /**
   * Stores a write and shows it.
   * @param acknowledge called before tabs get its rows
   * @throws SidestreamError `INVALID_ARGUMENT`, `VALIDATION_FAILED`; `STORAGE_FAILED` when the write is not stored, and not shown
   */
  async add(write: Write, acknowledge: () => void): Promise<void> {
    this.#assertValid(write)
    if (this.#outbox.isTaken(write)) throw new SidestreamError('INVALID_ARGUMENT', `another write has the txid ${write.id}`)
    const outbox = this.#outbox
    const clears = this.#clears
    const change = outbox.add(write)
    const storing = this.#storing.get(write.id) ?? this.#store(change)
    this.#storing.set(write.id, storing)
    try {
      await storing
    } catch (error) {
      const gone = outbox.withdraw(write.id)
      // A commit that came in between may have stored it, with all entries.
      if (gone !== null && outbox === this.#outbox) this.#store(gone).catch(() => undefined)
      // When another engine has taken the stored outbox over, this engine goes on in memory.
      if (outbox === this.#outbox) throw error
    } finally {
      this.#storing.delete(write.id)
    }
    if (this.#clears !== clears) throw new SidestreamError('CLOSED', 'the cache was cleared while the write was being stored')
    if (!this.#outbox.has(write.id)) {
      await this.add(write, acknowledge)
      return
    }
    // It may have been discarded meanwhile.
    const isThere = outbox === this.#outbox && change.put.every(({ number }) => outbox.entry(number) !== undefined)
    const { diff, txids } = isThere ? this.#effectOf(change) : NO_EFFECT
    acknowledge()
    this.#options.onRows(diff, txids)
    this.#sender.notice()
  }

  /** @returns whether there is such a write that is parked */
  async retry(id: string): Promise<boolean> {
    const found = await this.#decide(this.#outbox.retry(id))
    this.#sender.notice()
    return found
  }

  /** @returns whether there is such a write that was not sent */
  discard(id: string): Promise<boolean> {
    return this.#decide(this.#outbox.discard(id))
  }

  /**
   * Events of the stream were read, or the cache's rows.
   * @param txids of the events
   * @param offset where they end
   * @param isShown they are in the rows that tabs see
   * @param isEnd the stream was read to its end
   */
  read(txids: ReadonlyArray<string>, offset: string, isShown: boolean, isEnd: boolean): Effect {
    // The offsets of the next reading are not those of the shown one: its writes stay where they are until it is shown.
    const effect = this.#apply(this.#outbox.seen(txids, offset, isEnd), isShown)
    if (isShown) this.#arrive(offset, effect)
    return effect
  }

  /** The shown reading has been read to the stream's end. */
  atEnd(offset: string): Effect {
    const { env, readings, isCaughtUp } = this.#options
    const outbox = this.#outbox
    // An older copy of the stream ends earlier: the end is believed when it stays so.
    if (outbox.hasFormer) this.#cancelEnd ??= env.clock.after(END_IS_BELIEVED_MS, () => {
      this.#cancelEnd = null
      if (outbox !== this.#outbox || !isCaughtUp()) return
      const { diff, txids } = this.#apply(outbox.endsAt(readings.shown.offset))
      if (diff.size > 0) this.#options.onRows(diff, txids)
    })
    return this.#apply(outbox.atEnd(offset))
  }

  /** The stream was made again, and its rows are shown. */
  replaced(txids: ReadonlyArray<string>, offset: string): Effect {
    this.#outbox.seen(txids, offset, true)
    return this.#apply(this.#outbox.replaced())
  }

  /** The cache has the rows up to this offset; or, without a cache, tabs see the rows up to it. */
  settled(offset: string): void {
    if (this.#outbox.isEmpty) return
    // Most are not laid over the rows any more. While the cache is being read they are.
    const { diff, txids } = this.#apply(this.#outbox.settled(offset))
    if (diff.size > 0) this.#options.onRows(diff, txids)
  }

  /** The stream was read to its end, or there is a new chance to reach the server. */
  hurry(): void {
    this.#sender.hurry()
  }

  /**
   * How many writes a clear would lose, also those that another engine has stored.
   * @throws SidestreamError `STORAGE_FAILED` when that cannot be known now
   */
  async countLost(): Promise<number> {
    const own = this.#list.pending + this.#list.parked
    if (this.#isAdopted || this.#options.settings.cache === null) return own
    const { env, settings } = this.#options
    return own + (await countStoredWrites(env, outboxName(settings.url, settings.scope)))
  }

  /** Forgets all writes. Their database is deleted by the caller. @returns the changes of the rows that tabs see */
  clear(): RowDiff {
    this.#clears += 1
    this.#sender.close()
    this.#storage.abandon()
    // After a `reconnect()` the engine goes on, and takes writes again, in memory only.
    this.#opened.resolve()
    this.#sender = this.#newSender()
    return this.#reset()
  }

  async close(): Promise<void> {
    this.#cancelEnd?.()
    this.#sender.close()
    await this.#storage.close()
  }

  abandon(): void {
    this.#opened.reject(new SidestreamError('WORKER_DIED', 'the engine has ended', { retryable: true }))
    this.#cancelEnd?.()
    this.#sender.close()
    this.#storage.abandon()
  }

  get #isDurable(): boolean {
    return this.#storage.isOpen && this.#found === null
  }

  #newSender(): Sender {
    const { env, settings, source, isCaughtUp, onProblem } = this.#options
    return new Sender({
      env,
      source,
      settings,
      outbox: () => this.#outbox,
      isCaughtUp,
      shownOffset: () => this.#options.readings.shown.offset,
      holds: (moment) => this.#options.readings.holds(moment),
      freeze: () => this.#freeze(),
      isSaved: () => !this.#isAdopted || this.#storage.isWhole,
      saveAll: () => this.#storage.replace(),
      save: (change) => this.#take(change),
      onAttempt: () => {
        this.#list.note(this.#outbox.requested)
      },
      onProblem,
    })
  }

  #empty(): Outbox {
    const { env, source } = this.#options
    return Outbox.empty(env.newId(), () => env.random(), source.target)
  }

  /** @throws SidestreamError `INVALID_ARGUMENT`, `VALIDATION_FAILED` */
  #assertValid({ mutations }: Write): void {
    for (const { collection, key, ...mutation } of mutations) {
      const shape = this.#shapes.get(collection)
      if (!shape) throw new SidestreamError('INVALID_ARGUMENT', `there is no collection ${collection}`)
      const fields = mutation.kind === 'put' ? mutation.value : mutation.kind === 'patch' ? mutation.changes : {}
      if (isTooDeep(fields)) throw new SidestreamError('INVALID_ARGUMENT', `${collection} "${key}" is nested more than ${String(MOST_VALUE_LEVELS)} levels deep`)
      // A write that cannot be encoded would hold back all later ones.
      if (!isJson(mutation)) throw new SidestreamError('INVALID_ARGUMENT', `${collection} "${key}" has a value that JSON cannot have`)
      if (mutation.kind !== 'put') continue
      const refusal = refusalOf(this.#options.validators.get(collection), mutation.value, shape.primaryKey, key)
      if (refusal !== null) throw new SidestreamError('VALIDATION_FAILED', `the schema refuses ${collection} "${key}": ${refusal}`)
    }
  }

  #freeze(): OutboxChange {
    const { readings } = this.#options
    return this.#outbox.freeze(
      (write, number) =>
        // A write that is being stored is not laid over the rows yet, so a later patch of its row would find no row. It may still be refused.
        this.#storing.has(write.id)
          ? null
          : encodeWrite(write, {
              shapes: this.#shapes,
              before: (collection, key) => readings.overlay.before(number, collection, key, (other) => this.#outbox.entry(other)?.phase === 'confirmed'),
            }),
      readings.shown.offset,
      readings.moment,
    )
  }

  async #decide(change: OutboxChange | null): Promise<boolean> {
    if (change === null) return false
    // The stored outbox stays as it was, and the next engine may go on with it.
    const isUnstored = this.#isAdopted && !this.#storage.isOpen
    await this.#take(change)
    if (isUnstored) throw new SidestreamError('STORAGE_FAILED', 'this could not be stored, and holds only as long as the worker lives', { retryable: true })
    return true
  }

  /** Shows a change, and stores it. @throws SidestreamError `STORAGE_FAILED` */
  async #take(change: OutboxChange): Promise<void> {
    this.#show(change)
    await this.#store(change)
  }

  /** Shows a change, and stores it without waiting: when that fails, the next commit stores everything. */
  #apply(change: OutboxChange, isOfShown = true): Effect {
    const effect = this.#effectOf(change, isOfShown)
    this.#store(change).catch(() => undefined)
    return effect
  }

  #show(change: OutboxChange): void {
    const { diff, txids } = this.#effectOf(change)
    if (diff.size > 0 || txids.length > 0) this.#options.onRows(diff, txids)
  }

  async #store(change: OutboxChange): Promise<void> {
    const { put, remove, head, recent } = change
    if (put.length === 0 && remove.length === 0 && recent === null && head === this.#savedHead) return
    this.#savedHead = head
    if (this.#isDurable) {
      await this.#storage.commit(change)
    } else {
      // Not at once: the caller first shows this change, whose numbers are those of the present outbox.
      await Promise.resolve()
      await this.#merge()
    }
  }

  /** Lays writes over the rows, or takes them back, as the phases of the entries say. */
  #effectOf({ put, remove }: OutboxChange, isOfShown = true): Effect {
    const effect: Effect = { diff: new RowDiff(), txids: [] }
    const { readings } = this.#options
    const laid: NumberedMutations[] = []
    for (const { number, phase, offset, write } of put) {
      if (phase === 'confirmed' && offset !== null) this.#coming.set(number, offset)
      const isLaid = readings.overlay.isLaid(number)
      const isShown = isOfShown && phase === 'confirmed' && offset !== null && offset <= readings.shown.offset
      if (phase === 'parked') readings.uncover([number], effect.diff)
      else if (isShown) this.#uncover(number, write.id, effect)
      else if (!isLaid) laid.push([number, write.mutations])
    }
    if (laid.length > 0) readings.lay(laid, this.#options.isSeen() ? effect.diff : null)
    for (const number of remove) this.#coming.delete(number)
    readings.uncover(remove, effect.diff)
    this.#list.note(put)
    this.#list.drop(remove)
    if (put.length > 0 || remove.length > 0) this.#options.onCounts()
    return effect
  }

  /** Writes whose events are at or before this offset are in the rows now. */
  #arrive(offset: string, effect: Effect): void {
    for (const [number, at] of this.#coming) {
      if (at > offset) continue
      const entry = this.#outbox.entry(number)
      if (entry) this.#uncover(number, entry.write.id, effect)
      else this.#coming.delete(number)
    }
  }

  #uncover(number: number, id: string, { diff, txids }: Effect): void {
    this.#coming.delete(number)
    const { readings } = this.#options
    if (!readings.overlay.isLaid(number)) return
    readings.uncover([number], diff)
    txids.push(id)
  }

  /** All pending writes are another engine's now, or are gone. @returns the changes of the rows that tabs see */
  #reset(): RowDiff {
    const diff = this.#uncoverAll()
    this.#coming.clear()
    this.#use(this.#empty())
    this.#found = null
    this.#isAdopted = false
    this.#options.onCounts()
    return diff
  }

  #uncoverAll(): RowDiff {
    const diff = new RowDiff()
    this.#options.readings.uncover([...this.#outbox.entries].map(({ number }) => number), diff)
    return diff
  }

  #use(outbox: Outbox): void {
    this.#outbox = outbox
    this.#savedHead = outbox.head
    this.#list.reset(outbox.entries)
  }

  #onOpened(stored: StoredOutbox | null): void {
    if (stored !== null && stored.unreadable > 0) {
      this.#options.onProblem({ code: 'STORAGE_FAILED', message: `${String(stored.unreadable)} stored writes cannot be read; they stay stored`, retryable: false })
    }
    if (this.#isAdopted) {
      // What was stored may be older than what is known here.
      this.#storage.replace().then(() => { this.#sender.hurry() }, () => undefined)
    } else {
      this.#found = stored ?? { head: this.#empty().head, entries: [], recent: [], unreadable: 0 }
      this.#merge().catch(() => undefined)
    }
    this.#options.onCounts()
  }

  /**
   * Goes on with a stored outbox, and with the writes that were made in memory before it could be opened.
   * @throws SidestreamError `STORAGE_FAILED` when these are not stored
   */
  async #merge(): Promise<void> {
    const stored = this.#found
    if (stored === null || !this.#outbox.isAtRest) return
    this.#found = null
    this.#isAdopted = true
    const { env, source, readings, isCaughtUp } = this.#options
    const before = this.#outbox
    const outbox = outboxOf(stored, () => env.random(), source.target)
    const diff = this.#uncoverAll()
    const adopted = outbox.adopt(before)
    // A write may have been sent from memory by an engine that is gone, and have been read before this outbox was opened.
    const seen = outbox.seen(readings.shown.txids, readings.shown.offset, isCaughtUp())
    this.#use(outbox)
    const effect = this.#effectOf({ put: [...outbox.entries], remove: [], head: outbox.head, recent: null })
    diff.fold(effect.diff)
    if (diff.size > 0) this.#options.onRows(diff, effect.txids)
    // The commit begins before the sender makes a request of these writes: the request has to be stored after them.
    const isChanged = [adopted.put, adopted.remove, before.recent, seen.put].some(({ length }) => length > 0)
    const storing = isChanged ? this.#storage.replace() : null
    if (storing) this.#savedHead = outbox.head
    this.#options.onCounts()
    this.#sender.hurry()
    await storing
  }

  #onLost(why: 'taken' | 'deleted' | 'failed', error: unknown): void {
    const { onProblem, onCounts, onRows, onDeleted } = this.#options
    if (why === 'failed') {
      // Without pending writes there is nothing to report, unless what is stored may have some.
      if (!this.#outbox.isEmpty || error instanceof UnreadableCacheError) onProblem({ ...toErrorData(error, 'STORAGE_FAILED'), code: 'STORAGE_FAILED' })
      onCounts()
      return
    }
    const diff = this.#reset()
    if (diff.size > 0) onRows(diff, [])
    if (why === 'deleted') onDeleted()
  }
}

function outboxOf({ head: stored, entries, recent }: StoredOutbox, random: () => number, target: Target | undefined): Outbox {
  const { confirmed: _, ...head } = stored
  return new Outbox(head, toldByHead(stored, entries), recent, random, target)
}

function isJson(value: unknown): boolean {
  try {
    JSON.stringify(value)
    return true
  } catch {
    return false
  }
}

const NO_EFFECT: Effect = { diff: new RowDiff(), txids: [] }
