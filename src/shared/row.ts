/** A row: always an object; carries its primary key and `_seq`. Never mutated once it is in a diff or a snapshot. */
export type RowData = Readonly<Record<string, unknown>>
