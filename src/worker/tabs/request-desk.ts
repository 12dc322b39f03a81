import { abortable } from '../../shared/abortable.ts'
import { SidestreamError } from '../../shared/errors.ts'
import type { RequestValues } from '../../shared/protocol.ts'
import type { Clock } from '../env.ts'

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
  /** Tabs that have not answered when they were last asked: others are asked before them. */
  readonly #late = new WeakSet<Asked>()

  constructor(options: RequestDeskOptions) {
    this.#options = options
  }

  /** Somebody has joined, or nobody is to be asked any more. */
  notice(): void {
    for (const tell of this.#waiting) tell()
  }

  /**
   * A tab that is gone is not asked; one that dies while it is asked, or seems to be frozen, is replaced by another. Those
   * that can be seen come first.
   * @throws SidestreamError `TAB_GONE` once closed; whatever the tab that was asked throws
   */
  async ask(): Promise<RequestValues> {
    const { tabs, closed } = this.#options
    while (!closed.aborted) {
      const inOrder = [...tabs].sort((a, b) => Number(this.#late.has(a)) - Number(this.#late.has(b)) || Number(b.visible) - Number(a.visible))
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
          // The last one is waited for without end, unless somebody joins who may know.
          const values = await this.#askOne(tab, index === inOrder.length - 1 ? newcomer : null)
          if (values) return values
        }
        if (!isNewcomer) await newcomer
      } finally {
        this.#waiting.delete(tell)
      }
    }
    throw new SidestreamError('TAB_GONE', 'no tab is left to ask for headers and params', { retryable: true })
  }

  /** @returns null when the tab is gone, or takes until then (null: longer than the limit) */
  async #askOne(tab: Asked, until: Promise<void> | null): Promise<RequestValues | null> {
    const { gone } = tab.joining.link
    if (gone.aborted) return null
    const late = new AbortController()
    const giveUp = (): void => {
      late.abort()
    }
    const cancel = until ? void until.then(giveUp) : this.#options.clock.after(ASK_LIMIT_MS, giveUp)
    try {
      const values = await abortable(tab.joining.request(), late.signal)
      this.#late.delete(tab)
      return values
    } catch (error) {
      if (late.signal.aborted) this.#late.add(tab)
      if (gone.aborted || late.signal.aborted) return null
      throw error
    } finally {
      cancel?.()
    }
  }
}
