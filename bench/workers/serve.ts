import type { Row, StoreVisit } from '../pages/visit.ts'

/** A row as it is after materializing. */
export type StoredRow = Row & { readonly _seq: number; readonly [field: string]: unknown }

/** A way to keep rows in IndexedDB. */
export interface Layout {
  /** Stores all rows in a database that doesn't exist yet. */
  write(rows: ReadonlyMap<string, StoredRow>): Promise<void>
  /** Reads them back into memory, by key. */
  read(): Promise<ReadonlyMap<string, unknown>>
}

/** Answers the page's one order with the time that the layout's work took. */
export function serve(layout: Layout): void {
  addEventListener('message', ({ data }: MessageEvent<StoreVisit>) => {
    const timed = data.step === 'write' ? write(layout, data) : read(layout, data)
    timed.then(
      (ms) => postMessage({ ms }),
      (error: unknown) => postMessage({ error: String(error) }),
    )
  })
}

async function write(layout: Layout, { stream }: StoreVisit): Promise<number> {
  const answer = await fetch(`${stream}?offset=-1`)
  const events = (await answer.json()) as { key: string; value: Row }[]
  const rows = new Map(events.map(({ key, value }, index) => [key, { _seq: index, ...value }]))
  performance.mark('bench:store-from')
  const from = performance.now()
  await layout.write(rows)
  const ms = performance.now() - from
  performance.mark('bench:store-to')
  return ms
}

async function read(layout: Layout, { rows: expected }: StoreVisit): Promise<number> {
  performance.mark('bench:store-from')
  const from = performance.now()
  const rows = await layout.read()
  const ms = performance.now() - from
  performance.mark('bench:store-to')
  if (rows.size !== expected) throw new Error(`read ${String(rows.size)} rows of ${String(expected)}`)
  return ms
}
