import type { Timing } from '../workers/indexes.ts'
import { readVisit } from './read-visit.ts'
import type { IndexesVisit } from './visit.ts'

window.bench = new Promise((resolve, reject) => {
  const worker = new Worker('/indexes-worker.js', { type: 'module' })
  worker.onerror = ({ message }) => {
    reject(new Error(`worker: ${message || 'did not start'}`))
  }
  worker.onmessage = ({ data }: MessageEvent<readonly Timing[]>) => {
    resolve({ timings: data })
  }
  worker.postMessage(readVisit<IndexesVisit>())
})
