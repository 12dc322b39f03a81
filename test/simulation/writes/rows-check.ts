import { isDeepStrictEqual } from 'node:util'
import type { RowData } from '../../../src/shared/row.ts'
import { naiveFold, type PlainRows } from '../../support/naive-fold.ts'
import { countOf, type Incarnation, offsetOf, type SimServer } from '../sim-server.ts'
import { SHAPES } from './device.ts'
import type { Entry, Ledger, Mark } from './ledger.ts'
import { after, rowsOf, TYPES } from './write-maker.ts'
import type { WriteTab } from './write-tab.ts'

/** Every tab has been told of a write within this time after its acknowledgement, ms. */
const TOLD_MS = 300

/** Compares the rows of tabs with the rows that they have to show: those of the stream, with the pending writes. */
export class RowsCheck {
  readonly #server: SimServer
  readonly #ledger: Ledger
  readonly #folds = new Map<Incarnation, Map<string, PlainRows>>()
  /** How many pending writes were seen in rows; `offline`: how many of them while the server could not be reached. */
  overlaid = 0
  offline = 0
  /** Rows that were seen at the moment of an acknowledgement. */
  acknowledged = 0

  constructor(server: SimServer, ledger: Ledger) {
    this.#server = server
    this.#ledger = ledger
  }

  fold(life: Incarnation, offset: string): PlainRows | null {
    const prefix = life.prefix(offset)
    if (prefix === null) return null
    let folds = this.#folds.get(life)
    if (!folds) this.#folds.set(life, (folds = new Map()))
    let fold = folds.get(offset)
    if (!fold) folds.set(offset, (fold = naiveFold(prefix, undefined, SHAPES)))
    return fold
  }

  /** I1, with pending writes: a tab's rows are those of a prefix of the stream, with all acknowledged writes that are not in the prefix. */
  assertRows({ sim, name }: WriteTab, now: number): void {
    const rows = sim.rows()
    const wrong = this.#server.incarnations.map((life) => this.#wrongRow(life, sim.offset, rows, now))
    if (wrong.every((reason) => reason !== null)) throw new Error(`${name} at ${sim.offset} shows wrong rows: ${wrong.join('; ')}`)
  }

  /** @returns what is wrong; null when nothing is */
  #wrongRow(life: Incarnation, offset: string, rows: PlainRows, now: number): string | null {
    const fold = this.fold(life, offset)
    if (!fold) return 'this life has no such offset'
    let overlaid = 0
    for (const { name } of SHAPES) {
      for (const key of new Set([...Object.keys(rows[name]!), ...Object.keys(fold[name]!), ...keysOf(this.#ledger.rows, name)])) {
        const address = `${name} ${key}`
        const pending = this.#pendingOf(address, life, offset, now)
        if (pending === null) continue
        const wanted = after(own(fold[name]!, key), pending.flatMap(({ write }) => rowsOf(write).get(address)!))
        const shown = own(rows[name]!, key)
        if (!isDeepStrictEqual(shown, wanted)) return `${address} is ${JSON.stringify(shown)} and not ${JSON.stringify(wanted)}, with ${pending.map(({ write }) => write.id).join(', ')} pending`
        overlaid += pending.length
      }
    }
    this.overlaid += overlaid
    if (!this.#server.online) this.offline += overlaid
    return null
  }

  /** The writes of a row that are not in the stream up to an offset, in order; null when a tab may or may not show one of them. */
  #pendingOf(address: string, life: Incarnation, offset: string, now: number): Entry[] | null {
    const messages = countOf(offset)
    const pending: Entry[] = []
    for (const entry of this.#ledger.ofRow(address)) {
      if (this.#ledger.isWithin(life, entry.write.id, messages)) {
        // Of several events, others may follow in the next answer: until the stream's end is reached, the write may be shown over its rows.
        if (entry.write.mutations.length > 1 && messages < life.messages.length) return null
        continue
      }
      const isKnown = entry.outcome === 'acknowledged' && now - entry.settledAt > TOLD_MS && entry.place !== null
      const mayBeGone = entry.wasParked || entry.retried || entry.discarded !== 'no' || entry.cleared || this.#mayLackRow(entry, life)
      if (!isKnown || mayBeGone || this.#isElsewhere(entry, life) || this.#isDenied(entry, life)) return null
      pending.push(entry)
    }
    return pending.sort((a, b) => a.place!.number - b.place!.number)
  }

  /**
   * The write changes fields of a row that another write removes, or that the stream does not have, or did not have for a while. So it
   * may be parked, and tabs take its changes back before the outbox stores that it is parked.
   */
  #mayLackRow({ write, mark }: Entry, life: Incarnation): boolean {
    const patched = write.mutations.flatMap(({ kind, collection, key }) => (kind === 'patch' ? `${collection} ${key}` : []))
    const removers = patched.flatMap((address) => this.#ledger.ofRow(address).filter((other) => other.write !== write && rowsOf(other.write).get(address)!.some(({ kind }) => kind === 'remove')))
    if (removers.length > 0) return true
    if (patched.length === 0) return false
    const first = mark.life === life ? mark.messages : 0
    const folds = Array.from({ length: life.messages.length - first + 1 }, (_, index) => this.fold(life, offsetOf(first + index))!)
    return write.mutations.some(({ kind, collection, key }) => kind === 'patch' && folds.some((fold) => own(fold[collection]!, key) === undefined))
  }

  /** The server has said that the life with the write is gone. An engine that has believed it shows no rows of that life until it reads the life again. */
  #isDenied({ write }: Entry, life: Incarnation): boolean {
    const last = life.denials.at(-1)
    if (last === undefined || !this.#ledger.isWithin(life, write.id, last)) return false
    // An engine that has no rows believes one answer.
    return life.denials.length > 1 || Array.from({ length: last }, (_, index) => this.fold(life, offsetOf(index + 1))!).some((fold) => Object.values(fold).every((rows) => Object.keys(rows).length === 0))
  }

  #isElsewhere({ write }: Entry, life: Incarnation): boolean {
    return this.#server.incarnations.some((other) => other !== life && this.#ledger.found(other, write.id).length > 0)
  }

  /**
   * At the moment of an acknowledgement the tab shows the write, unless a later change may hide it.
   */
  assertAcknowledged(entry: Entry): void {
    const { write, tab, issuedAt, mark } = entry
    const { stream } = this.#server
    if (stream && this.#mayLackRow(entry, stream)) return
    if (stream !== mark.life || this.#server.incarnations.length !== mark.lives || tab.sim.mode !== 'eager') return
    const later = (stream?.messages ?? []).slice(mark.messages).flat() as ReadonlyArray<{ type?: string; key?: string; headers?: { control?: string; txid?: string } } | null>
    if (later.some((item) => item?.headers?.control !== undefined)) return
    const rows = tab.sim.rows()
    for (const [address, mutations] of rowsOf(write)) {
      const { collection, key } = mutations[0]!
      const isFromOthers = later.some((item) => item?.type === TYPES[collection] && item?.key === key && item.headers?.txid !== write.id)
      const meets = this.#ledger.ofRow(address).some((other) => other.write !== write && (other.wasParked || other.outcome !== 'acknowledged' || other.settledAt >= issuedAt))
      if (isFromOthers || meets) continue
      const last = mutations.at(-1)!
      const shown = own(rows[collection]!, key)
      this.acknowledged += 1
      const isShown = last.kind === 'remove' ? shown === undefined : shown === undefined ? last.kind === 'patch' : isDeepStrictEqual(shown, after(shown, [last]))
      if (!isShown) throw new Error(`${tab.name} was told that ${write.id} is stored, and shows ${JSON.stringify(shown)} and not ${JSON.stringify(last)}`)
    }
  }

  /** The write is in the stream, beyond what the tab has read. */
  isAhead({ write, tab }: Entry): boolean {
    const { stream } = this.#server
    return stream !== null && this.#ledger.found(stream, write.id).length > 0 && !this.#ledger.isWithin(stream, write.id, countOf(tab.sim.offset))
  }

  mark(): Mark {
    const { stream, incarnations } = this.#server
    return { life: stream, lives: incarnations.length, messages: stream?.messages.length ?? 0 }
  }
}

const own = (rows: Record<string, unknown>, key: string): RowData | undefined => (Object.hasOwn(rows, key) ? (rows[key] as RowData) : undefined)

const keysOf = (addresses: Iterable<string>, collection: string): string[] =>
  [...addresses].flatMap((address) => (address.startsWith(`${collection} `) ? [address.slice(collection.length + 1)] : []))
