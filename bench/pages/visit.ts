import type { Collection } from '@tanstack/db'

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

/** What the driver asks of a page, in its address. */
export interface Visit {
  readonly stream: string
  readonly rows: number
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
  /** What long tasks took over 50 ms each, until ready, fresh and idle once. */
  readonly blockingMs: number
}

/** A StreamDB of either side. */
export interface Opened {
  readonly collection: Collection<Row, string>
  preload(): Promise<void>
  kept(): Promise<void>
}

/** What the driver asks of the page of the `store` case. */
export interface StoreVisit {
  readonly stream: string
  readonly rows: number
  readonly layout: string
  readonly step: 'write' | 'read'
}

/** What the driver asks of a page of the `tabs` case. */
export interface TabVisit {
  readonly stream: string
  readonly rows: number
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

declare global {
  interface Window {
    /** What the page measures; the driver awaits it. */
    bench: Promise<Measured | { readonly ms: number }>
    /** What a page of the `tabs` case is asked for. */
    tab: LiveTab
  }
}
