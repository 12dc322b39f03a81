import type { Collection } from '@tanstack/react-db'
import type { DevtoolsDB } from 'sidestream/devtools'
import type { Tone } from '../../../shared/cell.tsx'
import type { City } from '../schema.ts'

export interface SourceStatus {
  connection: { text: string; tone: Tone }
  /** Where the stream is read. */
  engine: string
  storage: string
  /** Rows that a worker holds for the tab, which need not have them all; null without a worker. */
  workerRows: number | null
}

/** What the page needs of a library: a collection of TanStack DB, as from either of them, and something to tell. */
export interface Source {
  cities: Collection<City, string>
  /**
   * Settles when it is time for queries. Where all rows come into the tab, one that was there before them would work each
   * into its result, which takes several times as long.
   */
  ready: Promise<unknown>
  status: {
    subscribe: (listener: () => void) => () => void
    getSnapshot: () => SourceStatus
  }
  /** Forgets what the browser has stored; undefined where nothing is. */
  clearCache?: () => Promise<void>
  /** What sidestream's devtools show; undefined with another library. */
  devtools?: DevtoolsDB
}
