import type { Figure } from './figures.mjs'

export type Selector = Readonly<Record<string, unknown>>

export interface WantedRow {
  readonly name: string
  readonly peer?: Selector
  readonly sidestream: Selector
  /** The least ratio peer / sidestream, the most of sidestream's value, or by how much it may exceed the peer's. */
  readonly wanted: { readonly ratio?: number; readonly most?: number; readonly beyond?: number }
}

export function wantedTable(rows: readonly WantedRow[], figures: readonly Figure[]): { readonly text: string; readonly markdown: string; readonly missed: readonly string[] }
