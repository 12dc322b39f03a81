import type { RowSink } from '../../src/main/collection-sink.ts'
import type { RowData } from '../../src/shared/row.ts'

/** A collection reduced to a map, which also remembers how it was written. */
export class MapSink implements RowSink {
  readonly rows = new Map<string, RowData>()
  readonly sizes: number[] = []
  isReady = false
  isObserved = false

  keys(): Iterable<string> {
    return this.rows.keys()
  }

  /** Called at each write, before it. */
  onWrite: (size: number) => void = () => undefined

  write({ rows, deleted }: { rows: ReadonlyArray<RowData>; deleted: ReadonlyArray<string> }): true {
    const size = rows.length + deleted.length
    this.sizes.push(size)
    this.onWrite(size)
    for (const row of rows) this.rows.set(row['id'] as string, row)
    for (const key of deleted) this.rows.delete(key)
    return true
  }

  markReady(): void {
    this.isReady = true
  }
}
