import type { Figure } from './figures.mjs'

export type Selector = Readonly<Record<string, unknown>>

export interface WantedRow {
  readonly name: string
  readonly peer?: Selector
  readonly sidestream: Selector
  /** The least ratio peer / sidestream, or the most of sidestream's value. */
  readonly wanted: { readonly ratio?: number; readonly most?: number }
}

export function wantedTable(rows: readonly WantedRow[], figures: readonly Figure[]): { readonly text: string; readonly missed: readonly string[] }
