import { countRows, sliceRows, type Rows } from '../../src/shared/row-table.ts'
import type { Crossing, CrossingOrder } from '../workers/columns.ts'
import { askWorker, startWorker } from './ask-worker.ts'
import { readVisit } from './read-visit.ts'
import type { ColumnsVisit } from './visit.ts'

const LAYOUTS = ['objects', 'columns'] as const

const visit = readVisit<ColumnsVisit>()

interface Arrival {
  readonly rows: Rows
  readonly workerMs: number
}

/** Both layouts in turn, after a round that does not count. */
async function cross(batch: number): Promise<Crossing[]> {
  const worker = startWorker('columns-worker')
  const crossings = LAYOUTS.map((layout): Crossing => ({ batch, layout, uiMs: [], wholeMs: [], workerMs: [] }))
  for (let run = 0; run <= visit.runs; run += 1) {
    for (const crossing of crossings) {
      const { uiMs, wholeMs, workerMs } = await once(worker, { batch, layout: crossing.layout })
      if (run === 0) continue
      crossing.uiMs.push(uiMs)
      crossing.wholeMs.push(wholeMs)
      crossing.workerMs.push(workerMs)
    }
  }
  worker.terminate()
  return crossings
}

function once(worker: Worker, order: CrossingOrder): Promise<{ uiMs: number; wholeMs: number; workerMs: number }> {
  return askWorker(worker, order, (message: MessageEvent<Arrival>) => {
    // A message is read when it is asked for its data: that is part of the cost.
    const from = performance.now()
    const { rows, workerMs } = message.data
    const wholeMs = performance.now() - from
    const made = sliceRows(rows, 0, countRows(rows))
    const uiMs = performance.now() - from
    if (made.length !== order.batch) throw new Error(`${String(made.length)} rows of ${String(order.batch)} have come`)
    return { uiMs, wholeMs, workerMs }
  })
}

window.bench = (async () => {
  const crossings: Crossing[] = []
  for (const batch of visit.batches) crossings.push(...(await cross(batch)))
  return { crossings }
})()
