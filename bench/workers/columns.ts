import { pack } from '../../src/shared/row-table.ts'
import { rowAt } from '../server/rows.mjs'

export interface CrossingOrder {
  readonly batch: number
  readonly layout: 'objects' | 'columns'
}

/** What a batch of rows took, each time, ms. */
export interface Crossing extends CrossingOrder {
  /** The page, from the message's data to rows at hand. */
  readonly uiMs: number[]
  /** The worker, from rows at hand to the message sent. */
  readonly workerMs: number[]
}

let next = 0

addEventListener('message', ({ data: { batch, layout } }: MessageEvent<CrossingOrder>) => {
  // Others each time, as they would be.
  const rows = Array.from({ length: batch }, () => ({ _seq: next, ...rowAt((next += 1)) }))
  const from = performance.now()
  const sent = layout === 'columns' ? pack(rows, 1) : rows
  // A clone is what a message costs its sender, and what the time was has to be known before it is sent.
  structuredClone(sent)
  const workerMs = performance.now() - from
  postMessage({ rows: sent, workerMs })
})
