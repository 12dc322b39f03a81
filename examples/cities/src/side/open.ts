import { BTreeIndex } from '@tanstack/react-db'
import { startClock } from '../meter/first-rows.ts'
import { side } from './side.ts'
import type { Source } from './source.ts'

const RETRY_MS = 1000

interface Log {
  path: string
  /** How many cities it has. */
  cities: number
  /** Country codes, those with the most cities first. */
  countries: string[]
}

export interface Opened {
  log: Log
  source: Source
  /** Queries can start. */
  ready: Promise<void>
}

/** The server makes the log for its first visitor, which takes it some seconds. */
async function askForLog(): Promise<Log> {
  for (;;) {
    const answer = await fetch('demo/cities/open').catch(() => null)
    if (answer?.ok) return (await answer.json()) as Log
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

/** How the board sorts; an index serves a query only when both compare alike. */
export const COMPARE = { nulls: 'last', stringSort: 'lexical' } as const

/**
 * Without an index each change would make TanStack DB sort all of the rows that the tab has. It is made when they are there:
 * that takes a third of the time in which it would grow with them.
 */
async function prepare({ cities, ready }: Source) {
  await ready
  cities.createIndex((row) => row.population, {
    indexType: BTreeIndex,
    options: { compareOptions: { ...COMPARE, direction: 'asc' } },
  })
}

/** Loads only the library that was asked for. */
const openers = {
  sidestream: async () => (await import('./sidestream.ts')).openSidestream,
  peer: async () => (await import('./peer.ts')).openPeer,
}

async function open(): Promise<Opened> {
  const [log, openSource] = await Promise.all([askForLog(), openers[side]()])
  startClock()
  const source = openSource(new URL(log.path, location.origin).href)
  return { log, source, ready: prepare(source) }
}

export const opened = open()
