import { askWorker, startWorker } from './ask-worker.ts'
import { idle, loaded } from './moments.ts'
import { readVisit } from './read-visit.ts'
import type { StreamVisit } from './visit.ts'

const visit = readVisit<StreamVisit>()

window.bench = loaded()
  .then(idle)
  .then(() => {
    const worker = startWorker('limit-worker')
    performance.mark('bench:from')
    return askWorker(worker, visit, ({ data }: MessageEvent<{ ms: number; events: number }>) => {
      performance.mark('bench:to')
      // Rows that changed meanwhile have further events.
      if (data.events < visit.rows) throw new Error(`read ${String(data.events)} events of ${String(visit.rows)}`)
      return data
    })
  })
