import type { Inspection } from '../shared/inspection.ts'
import type { StreamDBStatus } from '../shared/status.ts'
import type { PendingWrite } from '../shared/write.ts'
import type { DevtoolsDB } from './devtools-db.ts'
import { readStorage, type StorageFacts } from './page-facts.ts'
import { Timeline } from './timeline.ts'

/** How often an engine is asked, ms. */
const ASK_MS = 1000
/** How often the browser is asked for its storage: each time it counts. */
const STORAGE_MS = 5000

/** What the panel shows of a StreamDB. */
export interface View {
  readonly db: DevtoolsDB
  readonly status: StreamDBStatus
  readonly outbox: ReadonlyArray<PendingWrite>
  /** Null until the engine has answered, and while there is none. */
  readonly inspection: Inspection | null
  /** Why there is no newer one. */
  readonly problem: string | null
  readonly timeline: Timeline
  readonly storage: StorageFacts | null
}

/** Follows one StreamDB while somebody looks at it: nothing is asked otherwise. */
export class Look {
  readonly #db: DevtoolsDB
  readonly #onChange: () => void
  readonly #timeline = new Timeline()
  #inspection: Inspection | null = null
  #problem: string | null = null
  #storage: StorageFacts | null = null
  #storageAt = Number.NEGATIVE_INFINITY
  #unsubscribe: (() => void) | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  /** An answer is awaited: a silent engine is not asked again. */
  #isAsking = false

  constructor(db: DevtoolsDB, onChange: () => void) {
    this.#db = db
    this.#onChange = onChange
  }

  get view(): View {
    const db = this.#db
    return { db, status: db.status.getSnapshot(), outbox: db.outbox.getSnapshot(), inspection: this.#inspection, problem: this.#problem, timeline: this.#timeline, storage: this.#storage }
  }

  begin(): void {
    if (this.#unsubscribe) return
    const [status, outbox] = [this.#db.status.subscribe(this.#onChange), this.#db.outbox.subscribe(this.#onChange)]
    this.#unsubscribe = () => {
      status()
      outbox()
    }
    if (!this.#isAsking) void this.#ask()
  }

  end(): void {
    this.#unsubscribe?.()
    this.#unsubscribe = null
    clearTimeout(this.#timer)
  }

  async #ask(): Promise<void> {
    this.#isAsking = true
    clearTimeout(this.#timer)
    try {
      const [inspection] = await Promise.all([this.#db.inspect(), this.#askStorage()])
      if (inspection) this.#timeline.take(inspection, Date.now())
      this.#inspection = inspection
      this.#problem = null
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : 'no answer'
    }
    this.#isAsking = false
    if (!this.#unsubscribe) return
    this.#timer = setTimeout(() => void this.#ask(), ASK_MS)
    this.#onChange()
  }

  async #askStorage(): Promise<void> {
    if (performance.now() - this.#storageAt < STORAGE_MS) return
    this.#storageAt = performance.now()
    this.#storage = await readStorage()
  }
}
