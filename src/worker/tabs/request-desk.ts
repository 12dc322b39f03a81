import { abortable } from '../../shared/abortable.ts'
import { describe, SidestreamError } from '../../shared/errors.ts'
import type { RequestValues } from '../../shared/calls.ts'
import type { Clock } from '../ports.ts'

/** A tab that does not give its headers and params within this time, ms, may be frozen: the next tab is asked. */
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
  /** Wakes the pending {@link ask} calls. */
  readonly #wakers = new Set<() => void>()
  /** Tabs that gave no values when they were last asked: all other tabs are asked before them. */
  readonly #failing = new WeakSet<Asked>()

  constructor(options: RequestDeskOptions) {
    this.#options = options
  }

  /** Wakes the pending {@link ask} calls: a tab has joined, or the engine is closing. */
  notice(): void {
    for (const wake of this.#wakers) wake()
  }

  /**
   * Visible tabs are asked first. A tab that is gone is not asked. When a tab dies during the call, does not answer, or its
   * function throws, the next tab is asked.
   * @throws SidestreamError `REQUEST_VALUES` when no tab has an answer and a tab's function throws; `TAB_GONE` once closed
   */
  async ask(): Promise<RequestValues> {
    const { tabs, closed } = this.#options
    while (!closed.aborted) {
      const inOrder = [...tabs].sort((a, b) => Number(this.#failing.has(a)) - Number(this.#failing.has(b)) || Number(b.visible) - Number(a.visible))
      let failure: SidestreamError | null = null
      let isWoken = false
      let wake = (): void => undefined
      const woken = new Promise<void>((resolve) => {
        wake = resolve
      }).then(() => {
        isWoken = true
      })
      this.#wakers.add(wake)
      try {
        for (const [index, tab] of inOrder.entries()) {
          // Without a failure to report, the last tab is waited for without a limit, until another tab joins.
          const isLast = index === inOrder.length - 1
          const answer = await this.#askOne(tab, isLast && failure === null ? woken : null)
          if (answer instanceof SidestreamError) failure ??= answer
          else if (answer) return answer
        }
        if (failure && !isWoken) throw failure
        if (!isWoken) await woken
      } finally {
        this.#wakers.delete(wake)
      }
    }
    throw new SidestreamError('TAB_GONE', 'no tab is left to ask for headers and params', { retryable: true })
  }

  /**
   * @param until gives up when it settles; null gives up after {@link ASK_LIMIT_MS}
   * @returns the values; the error when the tab's function throws; null when the tab is gone or was given up
   */
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
