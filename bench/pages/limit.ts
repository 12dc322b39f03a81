import { idle, loaded } from './moments.ts'
import { readVisit } from './read-visit.ts'
import type { StreamVisit } from './visit.ts'

const visit = readVisit<StreamVisit>()

window.bench = loaded()
  .then(idle)
  .then(
    () =>
      new Promise((resolve, reject) => {
        const worker = new Worker('/limit-worker.js', { type: 'module' })
        worker.onerror = ({ message }) => reject(new Error(`worker: ${message || 'did not start'}`))
        performance.mark('bench:from')
        worker.onmessage = ({ data }: MessageEvent<{ ms: number; events: number }>) => {
          performance.mark('bench:to')
          if (data.events === visit.rows) resolve(data)
          else reject(new Error(`read ${String(data.events)} events of ${String(visit.rows)}`))
        }
        worker.postMessage(visit)
      }),
  )
