import { expect } from 'vitest'
import type { WriterOptions, WriterPage } from '../browser/pages/writer.ts'
import { openRemote, useBench, type BenchOptions, type Remote, type Suite } from './browser-app.ts'
import type { NoteEvent } from './notes.ts'
import type { StreamServer } from './stream-server.ts'

export type RemoteWriter = Remote<WriterPage>

/** The events of a stream of notes. */
export const noteEvents = (server: StreamServer, path: string): NoteEvent[] => server.events(path) as NoteEvent[]

/** Predicates for `until`. */
export const EMPTY = 'outbox().length === 0 && status.pending === 0 && status.parked === 0'
export const pending = (count: number): string => `status.pending === ${String(count)} && status.durable && outbox().length === ${String(count)}`

/** What tests of several tabs that write use. */
export interface WritersSuite extends Suite {
  /** Opens a tab, which starts reading. */
  begun(options: Pick<WriterOptions, 'home'>): Promise<RemoteWriter>
  /** As {@link begun}; waits until the tab shows its rows. */
  writer(options: Pick<WriterOptions, 'home'>): Promise<RemoteWriter>
  events(): NoteEvent[]
  /** The stream gets this many events in all; nothing is pending, and every tab shows the same. @returns what they show */
  expectSettled(tabs: ReadonlyArray<RemoteWriter>, events: number): Promise<Awaited<ReturnType<RemoteWriter['notes']>>>
}

export function useWriters(path: string, options: BenchOptions = {}): WritersSuite {
  const suite = useBench(path, options)
  const begun: WritersSuite['begun'] = async ({ home }) => {
    const tab = await openRemote<WriterPage>(suite.context, suite.host, 'writer')
    suite.apps.push(tab)
    await tab.open({ url: suite.url, home })
    await tab.begin()
    return tab
  }
  const more: Omit<WritersSuite, keyof Suite> = {
    begun,
    writer: async (given) => {
      const tab = await begun(given)
      expect(await tab.preload()).toMatchObject({ ok: true })
      return tab
    },
    events: () => noteEvents(suite.server, path),
    expectSettled: async (tabs, events) => {
      await expect.poll(() => suite.server.events(path).length, { timeout: 20_000 }).toBe(events)
      await Promise.all(tabs.map((tab) => tab.until(`${EMPTY} && ${suite.atEnd()}`)))
      const [first, ...others] = await Promise.all(tabs.map((tab) => tab.notes()))
      for (const other of others) expect(other).toEqual(first)
      return first!
    },
  }
  // The suite's own are looked up when they are asked for: some are not there before the test begins.
  return Object.assign(Object.create(suite) as Suite, more) as WritersSuite
}
