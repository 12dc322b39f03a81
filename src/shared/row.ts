/** A row: an object with its primary key and `_seq`. It is never changed once it is in a diff or a snapshot. */
export type RowData = Readonly<Record<string, unknown>>
