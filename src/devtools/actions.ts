import { SidestreamError } from '../shared/errors.ts'
import type { DevtoolsDB } from './devtools-db.ts'
import { diagnose } from './diagnostics.ts'

export interface ActionsOptions {
  /** The StreamDB that is shown. */
  readonly db: () => DevtoolsDB
  readonly all: () => ReadonlyArray<DevtoolsDB>
  readonly onChange: () => void
}

/** What a user is asked before the cache is cleared: the second question follows when writes would be lost. */
export type Question = 'clear' | 'discard'

/** What the panel's buttons do, and what it says about that. */
export class Actions {
  readonly #options: ActionsOptions
  question: Question | null = null
  message = ''

  constructor(options: ActionsOptions) {
    this.#options = options
  }

  reconnect(): void {
    this.#options.db().reconnect()
    this.#say('Asked for a new connection.')
  }

  ask(question: Question | null): void {
    this.question = question
    this.#say('')
  }

  async clear(): Promise<void> {
    const discardWrites = this.question === 'discard'
    this.question = null
    try {
      await this.#options.db().clearCache({ discardWrites })
      this.#say('The cache is cleared. “Reconnect” reads the stream again.')
    } catch (error) {
      if (error instanceof SidestreamError && error.code === 'WRITES_PENDING') this.question = 'discard'
      this.#say(textOf(error))
    }
  }

  async retry(id: string): Promise<void> {
    await this.#outbox('retry', id, 'The write is sent again.')
  }

  async discard(id: string): Promise<void> {
    await this.#outbox('discard', id, 'The write is discarded.')
  }

  /** Hands a report of a fault to the user, as a file. */
  async export(): Promise<void> {
    const diagnostics = await diagnose(this.#options.all())
    const url = URL.createObjectURL(new Blob([JSON.stringify(diagnostics, null, 2)], { type: 'application/json' }))
    const link = document.createElement('a')
    link.href = url
    link.download = `sidestream-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.json`
    link.click()
    // The download has begun when the click's task is over.
    setTimeout(() => {
      URL.revokeObjectURL(url)
    })
    this.#say('Saved a report without rows, keys and secrets.')
  }

  async #outbox(call: 'retry' | 'discard', id: string, done: string): Promise<void> {
    try {
      const isDone = await this.#options.db().outbox[call](id)
      this.#say(isDone ? done : 'There is no such write any more.')
    } catch (error) {
      this.#say(textOf(error))
    }
  }

  #say(message: string): void {
    this.message = message
    this.#options.onChange()
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
