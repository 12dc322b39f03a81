import { abortable } from '../../shared/abortable.ts'
import { describe, SidestreamError } from '../../shared/errors.ts'
import type { RequestValues } from '../../shared/calls.ts'
import type { Clock } from '../ports.ts'

/** A tab that does not give its headers and params for so long may be frozen: the next one is asked, ms. */
const ASK_LIMIT_MS = 5000

/** A tab that can be asked. */
export interface Asked {
  readonly visible: boolean
  readonly joining: {
    readonly link: { readonly gone: AbortSignal }
    /** The tab's request values; rejects when the tab is gone. */
    request(): Promise<RequestValues>
  }
}

export interface RequestDeskOptions {
  readonly clock: Clock
  readonly tabs: ReadonlySet<Asked>
  readonly closed: AbortSignal
}

/** Asks the tabs of an engine for the headers and params of a request, until one answers. */
export class RequestDesk {
  readonly #options: RequestDeskOptions
  /** Requests under way, which a newcomer may know the values for. */
  readonly #waiting = new Set<() => void>()
  /** Tabs that gave no values when they were last asked: others are asked before them. */
  readonly #failing = new WeakSet<Asked>()

  constructor(options: RequestDeskOptions) {
    this.#options = options
  }

  /** Somebody has joined, or nobody is to be asked any more. */
  notice(): void {
    for (const tell of this.#waiting) tell()
  }

  /**
   * A tab that is gone is not asked; one that dies while it is asked, seems to be frozen, or whose function throws is
   * replaced by another. Those that can be seen come first.
   * @throws SidestreamError `REQUEST_VALUES` when no tab has an answer and a tab's function throws; `TAB_GONE` once closed
   */
  async ask(): Promise<RequestValues> {
    const { tabs, closed } = this.#options
    while (!closed.aborted) {
      const inOrder = [...tabs].sort((a, b) => Number(this.#failing.has(a)) - Number(this.#failing.has(b)) || Number(b.visible) - Number(a.visible))
      let failure: SidestreamError | null = null
      let isNewcomer = false
      let tell = (): void => undefined
      const newcomer = new Promise<void>((resolve) => {
        tell = resolve
      }).then(() => {
        isNewcomer = true
      })
      this.#waiting.add(tell)
      try {
        for (const [index, tab] of inOrder.entries()) {
          // Where there is no failure to tell, the last one is waited for without end, unless somebody joins who may know.
          const isLast = index === inOrder.length - 1
          const answer = await this.#askOne(tab, isLast && failure === null ? newcomer : null)
          if (answer instanceof SidestreamError) failure ??= answer
          else if (answer) return answer
        }
        if (failure && !isNewcomer) throw failure
        if (!isNewcomer) await newcomer
      } finally {
        this.#waiting.delete(tell)
      }
    }
    throw new SidestreamError('TAB_GONE', 'no tab is left to ask for headers and params', { retryable: true })
  }

  /** @returns the error where the tab's function throws; null when the tab is gone, or takes until then (null: longer than the limit) */
  async #askOne(tab: Asked, until: Promise<void> | null): Promise<RequestValues | SidestreamError | null> {
    const { gone } = tab.joining.link
    if (gone.aborted) return null
    const late = new AbortController()
    const giveUp = (): void => {
      late.abort()
    }
    const cancel = until ? void until.then(giveUp) : this.#options.clock.after(ASK_LIMIT_MS, giveUp)
    try {
      const values = await abortable(tab.joining.request(), late.signal)
      this.#failing.delete(tab)
      return values
    } catch (error) {
      if (gone.aborted) return null
      this.#failing.add(tab)
      return late.signal.aborted ? null : new SidestreamError('REQUEST_VALUES', describe(error), { retryable: true, cause: error })
    } finally {
      cancel?.()
    }
  }
}
