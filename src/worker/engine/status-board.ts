import { INITIAL_ENGINE_STATUS, type EngineStatus } from '../../shared/status.ts'
import type { Clock } from '../ports.ts'

/** Status changes are gathered for this long, ms; a change of the connection is told at once. */
const STATUS_DELAY_MS = 30

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
  #cancel: (() => void) | null = null

  constructor(options: StatusBoardOptions) {
    this.#options = options
    this.#status = { ...INITIAL_ENGINE_STATUS, epoch: options.epoch }
  }

  get now(): EngineStatus {
    return this.#status
  }

  set(change: Partial<EngineStatus>): void {
    this.#status = { ...this.#status, ...change }
    this.#cancel ??= this.#options.clock.after(STATUS_DELAY_MS, () => {
      this.tell()
    })
  }

  tell(): void {
    this.close()
    this.#options.onTell()
  }

  close(): void {
    this.#cancel?.()
    this.#cancel = null
  }
}
