import { INITIAL_ENGINE_STATUS, type EngineStatus } from '../../shared/status.ts'
import type { Clock } from '../ports.ts'
import { BUSY_INTERVAL_MS } from '../tabs/position-news.ts'

/** Status changes are gathered for this long, ms; a change of the connection is told at once. */
const STATUS_DELAY_MS = 30
/** On a busy stream these change all the time. Alone they are told at an interval: each message costs every tab's thread. */
const BUSY: ReadonlySet<string> = new Set<keyof EngineStatus>(['offset', 'rows', 'persistedOffset'])

export interface StatusBoardOptions {
  readonly epoch: string
  readonly clock: Clock
  /** The status has changed: each tab is to be told. */
  readonly onTell: () => void
}

/** The part of an engine's status that is the same for all tabs. */
export class StatusBoard {
  readonly #options: StatusBoardOptions
  #status: EngineStatus
  #toldAt = Number.NEGATIVE_INFINITY
  /** What is not told yet: when it will be, ms, and how not to. */
  #due: { readonly at: number; readonly cancel: () => void } | null = null
  /** `holding` until rows are sent · `owing` something was to be told meanwhile */
  #hold: 'none' | 'holding' | 'owing' = 'none'

  constructor(options: StatusBoardOptions) {
    this.#options = options
    this.#status = { ...INITIAL_ENGINE_STATUS, epoch: options.epoch }
  }

  get now(): EngineStatus {
    return this.#status
  }

  set(change: Partial<EngineStatus>): void {
    const before: Partial<EngineStatus> = this.#status
    const isBusy = Object.entries(change).every(([name, value]) => BUSY.has(name) || before[name as keyof EngineStatus] === value)
    this.#status = { ...this.#status, ...change }
    const { clock } = this.#options
    const soon = clock.now() + STATUS_DELAY_MS
    const at = isBusy ? Math.max(soon, this.#toldAt + BUSY_INTERVAL_MS) : soon
    if (this.#due && this.#due.at <= at) return
    this.#due?.cancel()
    const cancel = clock.after(at - clock.now(), () => {
      this.tell()
    })
    this.#due = { at, cancel }
  }

  /** What is to be told during the work is told after it: the rows that the work sends do not wait for the answer to a status. */
  tellAfter(work: () => void): void {
    this.#hold = 'holding'
    try {
      work()
    } finally {
      const isOwing = this.#isOwing()
      this.#hold = 'none'
      if (isOwing) this.tell()
    }
  }

  /** A method, because TypeScript would narrow the field and not see that the work changes it. */
  #isOwing(): boolean {
    return this.#hold === 'owing'
  }

  tell(): void {
    if (this.#hold !== 'none') {
      this.#hold = 'owing'
      return
    }
    this.close()
    this.#toldAt = this.#options.clock.now()
    this.#options.onTell()
  }

  close(): void {
    this.#due?.cancel()
    this.#due = null
  }
}
