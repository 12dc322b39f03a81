import type { BrowserContext } from 'playwright'
import { expect, test } from 'vitest'
import type { OpenOptions } from '../browser/pages/app.ts'
import { openApp, type RemoteApp, type Suite } from './browser-app.ts'
import { naiveFold } from './naive-fold.ts'
import { itemEvents } from './schema.ts'
import type { FaultScope, LoggedRequest } from './stream-server.ts'

/** Where an engine runs, and how it listens. */
export interface Home {
  readonly home: 'page' | 'dedicated' | 'shared'
  readonly live: 'long-poll' | 'sse'
}

export const EVERY_HOME: ReadonlyArray<Home> = (['page', 'dedicated', 'shared'] as const).flatMap((home) =>
  (['long-poll', 'sse'] as const).map((live) => ({ home, live })),
)

/** One application with a stream and a browser profile of its own, so that all can be tried at once. */
export class Place {
  readonly home: Home['home']
  readonly live: Home['live']
  readonly path: string
  readonly url: string
  readonly #suite: Suite
  readonly #context: BrowserContext
  #appended = 0

  constructor(suite: Suite, { home, live }: Home, context: BrowserContext) {
    this.home = home
    this.live = live
    this.path = `${suite.path}-${home}-${live}`
    this.url = suite.server.recreateStream(this.path)
    this.#suite = suite
    this.#context = context
  }

  async tab(options: Partial<OpenOptions> = {}): Promise<RemoteApp> {
    const tab = await openApp(this.#context, this.#suite.host)
    this.#suite.apps.push(tab)
    await tab.open({ url: this.url, home: this.home, live: this.live, ...options })
    return tab
  }

  append(count = 1): void {
    this.#suite.server.append(this.path, itemEvents(count, this.#appended), { perMessage: 1 })
    this.#appended += count
  }

  /** A predicate for `until`: the tab shows the whole stream. */
  atEnd(): string {
    return `status.upToDate && !status.stale && status.offset === '${this.#suite.server.tailOffset(this.path)}'`
  }

  async expectAtEnd(tab: RemoteApp): Promise<void> {
    await tab.until(this.atEnd())
    expect(await tab.rows()).toEqual(naiveFold(this.#suite.server.events(this.path)))
  }

  /** This place's requests, or those that listen. */
  requests(which: 'all' | 'live', where: (request: LoggedRequest) => boolean = () => true): Required<Pick<FaultScope, 'match'>> {
    return { match: { method: 'GET', path: this.path, where: (request) => (which === 'all' || request.query.has('live')) && where(request) } }
  }

  /** Makes the next request that listens go out. */
  listenAnew(): void {
    const { server } = this.#suite
    if (this.live === 'sse') server.breakRequests(this.requests('live').match)
    else this.append()
  }
}

/** Registers a test that is run in every home, in all of them at the same time. */
export function inEveryHome(suite: Suite, title: string, body: (place: Place) => Promise<void>, homes: ReadonlyArray<Home> = EVERY_HOME): void {
  test(title, async () => {
    const browser = suite.context.browser()!
    const outcomes = await Promise.allSettled(
      homes.map(async (home) => {
        const context = await browser.newContext()
        try {
          await body(new Place(suite, home, context))
        } catch (error) {
          throw new Error(`${home.home}, ${home.live}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
        } finally {
          await context.close()
        }
      }),
    )
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([])
  })
}
