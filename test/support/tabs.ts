import type { Page } from 'playwright'
import { expect } from 'vitest'
import type { Change, OpenOptions } from '../browser/pages/app.ts'
import { useBench, type BenchOptions, type RemoteApp, type Suite } from './browser-app.ts'
import { schema } from './schema.ts'

/** How tabs share one engine: in a shared worker, or in the dedicated worker of the one among them that leads. */
export const TOPOLOGIES = ['shared', 'leader'] as const
export type Topology = (typeof TOPOLOGIES)[number]

export const homeOf = (topology: Topology): 'shared' | 'dedicated' => (topology === 'shared' ? 'shared' : 'dedicated')

export const user = (id: string, name: string, txid?: string): unknown =>
  schema.users.insert({ value: { id, name }, ...(txid === undefined ? {} : { headers: { txid } }) })

/** What tests of several tabs on one stream use. */
export interface TabsSuite extends Suite {
  /** Opens a tab and waits until it shows its rows. */
  tab(options: Partial<OpenOptions>): Promise<RemoteApp>
  /** Opens as many at once. */
  tabs(count: number, options: Partial<OpenOptions>): Promise<RemoteApp[]>
  /** Every tab shows the whole stream, as the naive fold has it. */
  expectAtEnd(tabs: ReadonlyArray<RemoteApp>): Promise<void>
  /** An append is seen in every tab. */
  expectLive(tabs: ReadonlyArray<RemoteApp>): Promise<void>
  /** One tab leads, the others follow it, all with the same engine. */
  expectOneLeader(tabs: ReadonlyArray<RemoteApp>): Promise<{ leader: RemoteApp; followers: RemoteApp[] }>
}

export function useTabs(path: string, options: BenchOptions = {}): TabsSuite {
  const suite = useBench(path, options)
  let appended = 0
  const tab = async (given: Partial<OpenOptions>): Promise<RemoteApp> => {
    const opened = await suite.app()
    await opened.open({ url: suite.url, ...given })
    expect(await opened.preload()).toEqual({ ok: true })
    return opened
  }
  const expectAtEnd = async (tabs: ReadonlyArray<RemoteApp>): Promise<void> => {
    await Promise.all(tabs.map((each) => each.until(suite.atEnd())))
    const fold = suite.fold()
    for (const rows of await Promise.all(tabs.map((each) => each.rows()))) expect(rows).toEqual(fold)
  }
  const more: Omit<TabsSuite, keyof Suite> = {
    tab,
    tabs: (count, given) => Promise.all(Array.from({ length: count }, () => tab(given))),
    expectAtEnd,
    expectLive: async (tabs) => {
      suite.server.append(suite.path, [user(`live-${String((appended += 1))}`, 'Ada')])
      await expectAtEnd(tabs)
    },
    expectOneLeader: async (tabs) => {
      await Promise.all(tabs.map((each) => each.until(`status.connection === 'live' && status.tabs === ${String(tabs.length)}`)))
      const states = await Promise.all(tabs.map((each) => each.status()))
      expect(states.map(({ where }) => where).sort()).toEqual(['follower', 'leader'].flatMap((where) => Array<string>(where === 'leader' ? 1 : tabs.length - 1).fill(where)))
      expect(new Set(states.map(({ epoch }) => epoch)).size).toBe(1)
      return leaderAmong(tabs)
    },
  }
  // The suite's own are looked up when they are asked for: some are not there before the test begins.
  return Object.assign(Object.create(suite) as Suite, more) as TabsSuite
}

export async function leaderAmong<T extends Pick<RemoteApp, 'status'>>(tabs: ReadonlyArray<T>): Promise<{ leader: T; followers: T[] }> {
  const homes = await Promise.all(tabs.map(async (tab) => (await tab.status()).where))
  return { leader: tabs[homes.indexOf('leader')]!, followers: tabs.filter((_, index) => homes[index] === 'follower') }
}

/** Expects that a subscriber of the rows sees only this of a fail-over: each new row once, in order. */
export function expectOnlyInserted(changes: ReadonlyArray<Change>, keys: ReadonlyArray<string>): void {
  expect(changes.map(({ type, key }) => `${type} ${key}`)).toEqual(keys.map((key) => `insert ${key}`))
}

export interface HeldLocks {
  /** Names of the library's locks, without what is random in them, sorted. */
  readonly held: string[]
  readonly pending: string[]
}

/** The library's locks in a page's storage, of all holders. */
export async function locksIn(page: Page): Promise<HeldLocks> {
  const { held = [], pending = [] } = await page.evaluate(() => navigator.locks.query())
  const plain = (locks: LockInfo[]): string[] =>
    locks.map(({ name = '' }) => name.replace(/^(sidestream:(?:tab|alive)):.*/, '$1')).filter((name) => name.startsWith('sidestream:')).sort()
  return { held: plain(held), pending: plain(pending) }
}
