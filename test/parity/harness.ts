import { readFileSync } from 'node:fs'
import * as peer from '@durable-streams/state/db'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import * as ours from 'sidestream'
import { startStreamServer, type StreamServer } from '../support/stream-server.ts'

/** A package under test, by the peer's signatures: what is written for them has to run with either. */
export type Library = typeof peer
export type Side = 'peer' | 'sidestream'

/** Where a scenario runs: a package, and a stream of its own on a real server. */
export interface Stage {
  readonly side: Side
  readonly library: Library
  readonly server: StreamServer
  readonly path: string
  readonly url: string
  /** Closes it when the test ends. */
  readonly keep: <T extends { close: () => void }>(db: T) => T
}

/** What a scenario saw, as plain data: both packages are held to it. */
type Scenario = (stage: Stage) => unknown

const LIBRARIES: Readonly<Record<Side, Library>> = { peer, sidestream: ours as unknown as Library }
const SIDES: ReadonlyArray<Side> = ['peer', 'sidestream']
// The engine is loaded with the first StreamDB. A first load takes longer than what a scenario waits for.
beforeAll(() => import('../../src/in-page/in-page.ts').then(() => undefined))
const DIFFERENCES = new URL('../../docs/differences.md', import.meta.url)

/** The first column of the table in docs/differences.md. */
export function rowsOfDifferences(): string[] {
  return readFileSync(DIFFERENCES, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split(/(?<!\\)\|/)[1]!.trim())
    .filter((row) => row !== '')
}

const open: Array<{ close: () => void }> = []
let server: StreamServer | null = null
let streams = 0

afterEach(async () => {
  for (const db of open.splice(0)) db.close()
  await server?.heal()
  vi.restoreAllMocks()
})

afterAll(async () => {
  await server?.close()
  server = null
})

async function stageOf(side: Side): Promise<Stage> {
  server ??= await startStreamServer({ longPollTimeoutMs: 2000 })
  streams += 1
  const path = `/parity-${String(streams)}`
  return {
    side,
    library: LIBRARIES[side],
    server,
    path,
    url: server.createStream(path),
    keep: (db) => {
      open.push(db)
      return db
    },
  }
}

async function observe(side: Side, scenario: Scenario): Promise<unknown> {
  // The peer writes its errors to the console, where they look like a test's.
  for (const method of ['error', 'warn', 'log'] as const) vi.spyOn(console, method).mockImplementation(() => undefined)
  const seen = await scenario(await stageOf(side))
  for (const db of open.splice(0)) db.close()
  await server?.heal()
  return seen
}

/** Both packages show the same. */
export function same(title: string, scenario: Scenario, expected: unknown): void {
  test(title, async () => {
    for (const side of SIDES) expect(await observe(side, scenario), side).toEqual(expected)
  })
}

/**
 * The two differ, and a row of docs/differences.md says so.
 * @param row first column of that row
 */
export function differs(row: string, title: string, scenario: Scenario, expected: Readonly<Record<Side, unknown>>): void {
  test(`${title} — differences.md: ${row}`, async () => {
    expect(rowsOfDifferences(), 'docs/differences.md has no such row').toContain(row)
    const seen = { peer: await observe('peer', scenario), sidestream: await observe('sidestream', scenario) }
    expect(seen).toEqual(expected)
    expect(seen.sidestream, 'there is no difference any more: the row is out of date').not.toEqual(seen.peer)
  })
}

/** A thrown or rejected error, as far as applications tell errors apart; what came back otherwise. */
export async function outcomeOf(work: () => unknown): Promise<unknown> {
  try {
    const value = await work()
    return value === undefined ? 'settled' : value
  } catch (error) {
    return { error: (error as Error).message, isError: error instanceof Error }
  }
}

/** Which of the two comes first: the promise settles, or a limit passes. */
export async function within(limitMs: number, promise: Promise<unknown>): Promise<unknown> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const limit = new Promise((resolve) => {
    timer = setTimeout(() => { resolve('pending') }, limitMs)
  })
  try {
    return await Promise.race([outcomeOf(() => promise), limit])
  } finally {
    clearTimeout(timer)
  }
}

/** Rows by id, as the application wrote them: without `_seq`, and what TanStack DB adds to a row that it hands out. */
export const rows = (collection: { readonly toArray: ReadonlyArray<object> }): unknown[] =>
  collection.toArray
    .map((row): Record<string, unknown> => Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith('$') && name !== '_seq')))
    .sort((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1))

/** Waits until a collection holds so many rows. */
export async function hasRows(collection: { readonly size: number }, count: number): Promise<void> {
  await vi.waitFor(() => { expect(collection.size).toBe(count) }, { timeout: 5000 })
}
