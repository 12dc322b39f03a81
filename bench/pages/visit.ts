import type { Collection } from '@tanstack/db'
import type { SyncMode } from 'sidestream'
import type { Crossing } from '../workers/columns.ts'
import type { Timing } from '../workers/indexes.ts'

/** A row of the benchmark's stream; `rowAt` in server/rows.mjs makes them. */
export interface Row {
  readonly id: string
  readonly title: string
  readonly team: string
  readonly status: string
  readonly owner: string
  readonly points: number
  readonly updatedAt: number
}

/** A row that the server has changed; no two changes have the same `updatedAt`. */
export interface Change {
  readonly key: string
  readonly updatedAt: number
}

/** What the driver asks of any page, in its address. */
export interface StreamVisit {
  readonly stream: string
  readonly rows: number
}

/** What it asks of a page that loads all rows. */
export interface Visit extends StreamVisit {
  /** A row that changed since the last visit: `freshMs` ends when it shows. */
  readonly changed?: Change
  /** The page is done when the next visit will find what this one has read. */
  readonly keep?: boolean
}

export interface Measured {
  /** From `createStreamDB` until preloaded and every row in the collection. */
  readonly readyMs: number
  /** From `createStreamDB` until the change made since the last visit shows. */
  readonly freshMs: number
}

/** A StreamDB of either side. */
export interface Opened {
  readonly collection: Collection<Row, string>
  preload(): Promise<void>
  kept(): Promise<void>
}

/** What the driver asks of the page of the `store` case. */
export interface StoreVisit extends StreamVisit {
  readonly layout: string
  readonly step: 'write' | 'read'
}

/** What it asks of the page of the `columns` case. */
export interface ColumnsVisit extends StreamVisit {
  readonly batches: readonly number[]
  readonly runs: number
}

/** What it asks of the page of the `indexes` case. */
export interface IndexesVisit extends StreamVisit {
  readonly runs: number
}

/** What the driver asks of a page of the `tabs` case. */
export interface TabVisit extends StreamVisit {
  /** Where the StreamDB's engine is to run; the peer's is always in the page. */
  readonly mode: 'page' | 'shared' | 'leader'
}

/** A tab that stays; times are ms since the epoch. */
export interface LiveTab {
  /** When it was preloaded and had every row. */
  readonly ready: Promise<number>
  /** When it first showed a change. For ever pending when it never does. */
  showedAt(change: Change): Promise<number>
}

/** What the driver asks of a page that shows the first rows by points. */
export interface QueryVisit extends StreamVisit {
  /** The peer's is always `eager`. */
  readonly mode: SyncMode
  /** The kind of sidestream's worker. */
  readonly worker: 'dedicated' | 'shared'
  /** When the query is made: at once, or when the StreamDB is preloaded. */
  readonly mount: 'start' | 'preloaded'
  /** Whether the collection is given an index for the query. */
  readonly isIndexed?: boolean
  /** What the query may show to count, points in order: as the last visit left it, and as it is now. */
  readonly tops: ReadonlyArray<readonly number[]>
}

export interface QueryMeasured {
  /** From `createStreamDB` until the query shows what was right at the end of the last visit, or is now. */
  readonly firstRowsMs: number
  /** Until it shows what is right now. */
  readonly freshMs: number
}

/** A page that stays and shows the first rows; times are ms since the epoch. */
export interface QueryPage {
  /** When the query first showed a change. For ever pending when it never does. */
  showedAt(change: Change): Promise<number>
  /** When it shows exactly these points. */
  showsAt(points: readonly number[]): Promise<number>
  /** The intervals between the frames of the next `ms`. */
  frames(ms: number): Promise<number[]>
  /** Resolves when it is preloaded, and the next visit will find what this one has read. */
  kept(): Promise<void>
}

/** What the driver asks of a page that shows groups of orders. */
export interface GroupsVisit extends StreamVisit {
  /** Where the query runs; the peer's runs in the tab. */
  readonly mode: 'worker' | 'tab'
  /** When the query is made: at once, or when the StreamDB is preloaded. */
  readonly mount: 'start' | 'preloaded'
  /** When orders have changed since the last visit, ms since the epoch: `freshMs` ends when the result has these changes. */
  readonly changedAt?: number
}

export interface GroupsMeasured {
  /** From `createStreamDB` until the groups have all orders, as the last visit left them, or as they are now. */
  readonly firstResultMs: number
  /** Until they are as they are now. */
  readonly freshMs: number
}

/** A result that was shown, and the time of the newest order in it; ms since the epoch. */
export type ShownResult = readonly [shownAt: number, newestAt: number]

/** A page that stays and shows groups of orders. */
export interface GroupsPage {
  /** Resolves when the result has the orders of this time, or newer ones. @returns the results that were shown since the last call */
  shownUntil(at: number): Promise<ShownResult[]>
  /** Resolves when it is preloaded, and the next visit will find what this one has read. */
  kept(): Promise<void>
}

/** What the driver asks of a page of the `writes` case. */
export interface WritesVisit extends StreamVisit {
  /** Where sidestream's engine runs; a page of the others writes (`page`), or only reads (`watch`). */
  readonly mode: 'shared' | 'leader' | 'page' | 'watch'
  /** Sidestream's; the others' is always `eager`. */
  readonly syncMode: SyncMode
  /** The first points, highest first. Rows that are written have fewer. */
  readonly top: readonly number[]
  /** Number of rows that were written before. */
  readonly from: number
}

/** A StreamDB that is written to. */
export interface Writer extends Opened {
  /** Overlapping transactions cost it nothing: all are made without waiting. */
  readonly isBare?: boolean
  /** Resolves when the write is acknowledged. */
  insert(row: Row): Promise<unknown>
  /** How many of this page's writes are stored on this device, or in the stream where nothing is stored. */
  stored(): number
  /** The server can be reached again. */
  hurry(): void
  /** Resolves when no write is pending. */
  drained(): Promise<void>
}

/** A keystroke that has inserted a row; times are ms since the epoch. */
export interface Edit extends Change {
  readonly at: number
  readonly shownAt: number
  readonly ackedAt: number
  /** The next frame showed it. */
  readonly isInFrame: boolean
}

export interface StoreOrder {
  readonly size: number
  readonly mostMs: number
}

export interface Stored {
  readonly stored: number
  readonly tookMs: number
}

/** A page that writes. */
export interface WritesPage {
  readonly measured: Promise<{ readonly firstRowsMs: number; readonly readyMs: number }>
  /** The keystrokes so far, when there are this many. */
  edits(size: number): Promise<Edit[]>
  showedAt(change: Change): Promise<number>
  /** Inserts rows, each as one write, until all are stored, or for `mostMs`. */
  store(order: StoreOrder): Promise<Stored>
  /** Resolves when no write is pending. The server can be reached. */
  drained(): Promise<void>
  kept(): Promise<void>
}

declare global {
  interface Window {
    /** What the page measures; the driver awaits it. */
    bench: Promise<Measured | QueryMeasured | GroupsMeasured | { readonly ms: number } | { readonly crossings: readonly Crossing[] } | { readonly timings: readonly Timing[] }>
    /** What a page of the `tabs` case is asked for. */
    tab: LiveTab
    /** What a page with a query is asked for. */
    query: QueryPage
    /** What a page with groups is asked for. */
    groups: GroupsPage
    /** What a page of the `writes` case is asked for. */
    writes: WritesPage
  }
}
