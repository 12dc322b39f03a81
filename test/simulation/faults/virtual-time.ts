import { setImmediate as nextTurn } from 'node:timers/promises'
import { vi } from 'vitest'

/** Turns of the event loop in which nothing was under way: by then every answer has had its effect. */
const QUIET_TURNS = 8

/**
 * Time that passes only while nothing is on its way over the network: minutes take seconds, and how fast the machine is makes
 * no difference. Sockets and messages are real.
 */
export class VirtualTime {
  readonly #isBusy: () => boolean

  /** @param isBusy something is on its way */
  constructor(isBusy: () => boolean) {
    this.#isBusy = isBusy
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] })
  }

  async pass(ms: number): Promise<void> {
    await this.until(new Promise((resolve) => setTimeout(resolve, ms)))
  }

  /** Lets time pass until something has happened. */
  async until<T>(happened: Promise<T>): Promise<T> {
    let isOver = false
    const over = happened.finally(() => {
      isOver = true
    })
    over.catch(() => undefined)
    for (;;) {
      await this.#quiet()
      if (isOver) return over
      vi.advanceTimersToNextTimer()
    }
  }

  end(): void {
    vi.useRealTimers()
  }

  async #quiet(): Promise<void> {
    for (let turns = 0; turns < QUIET_TURNS; turns = this.#isBusy() ? 0 : turns + 1) await nextTurn()
  }
}
