import type { WantedRow } from './wanted-table.mjs'

export const wantedRows: readonly WantedRow[]
