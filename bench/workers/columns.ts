import { pack } from '../../src/shared/row-table.ts'
import type { Row } from '../pages/visit.ts'
import { rowAt } from '../server/rows.mjs'

export interface CrossingOrder {
  readonly batch: number
  readonly layout: 'objects' | 'columns'
}

/** What a batch of rows took, each time, ms. */
export interface Crossing extends CrossingOrder {
  /** The page, from the message's data to rows at hand. */
  readonly uiMs: number[]
  /** The part of it that no pause can interrupt. */
  readonly wholeMs: number[]
  /** The worker, from rows at hand to the message sent. */
  readonly workerMs: number[]
}

let next = 0

addEventListener('message', ({ data: { batch, layout } }: MessageEvent<CrossingOrder>) => {
  // Others each time, and out of JSON, as they would be.
  const rows = Array.from({ length: batch }, () => ({ ...(JSON.parse(JSON.stringify(rowAt(next))) as Row), _seq: (next += 1) }))
  const from = performance.now()
  const sent = layout === 'columns' ? pack(rows, 1) : rows
  // A clone is what a message costs its sender, and what the time was has to be known before it is sent.
  structuredClone(sent)
  const workerMs = performance.now() - from
  postMessage({ rows: sent, workerMs })
})
