import { MOST_DELAY_MS } from '../../shared/settings.ts'
import type { Clock } from '../ports.ts'

export interface VisibilityOptions {
  readonly clock: Clock
  /** ms; null never pauses */
  readonly pauseWhenHidden: number | null
  readonly tabs: ReadonlySet<{ readonly visible: boolean }>
  /** A tab is visible. */
  readonly onShow: () => void
  /** All tabs have been hidden for long enough. */
  readonly onHide: () => void
}

/** Lets the stream rest while all tabs are hidden (decision 12). */
export class Visibility {
  readonly #options: VisibilityOptions
  #cancel: (() => void) | null = null

  constructor(options: VisibilityOptions) {
    this.#options = options
  }

  /** Tabs have come or gone, or were shown or hidden. Each change starts the time anew. */
  watch(): void {
    this.close()
    const { clock, pauseWhenHidden, tabs, onShow, onHide } = this.#options
    // Without a tab nothing was hidden: no pause begins.
    if (pauseWhenHidden === null || pauseWhenHidden > MOST_DELAY_MS || tabs.size === 0) return
    if ([...tabs].some(({ visible }) => visible)) onShow()
    else this.#cancel = clock.after(pauseWhenHidden, onHide)
  }

  close(): void {
    this.#cancel?.()
    this.#cancel = null
  }
}
