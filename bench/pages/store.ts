import { readVisit } from './read-visit.ts'
import type { StoreVisit } from './visit.ts'

const visit = readVisit<StoreVisit>()

window.bench = new Promise((resolve, reject) => {
  const worker = new Worker(`/${visit.layout}.js`, { type: 'module' })
  worker.onerror = ({ message }) => reject(new Error(`worker: ${message || 'did not start'}`))
  worker.onmessage = ({ data }: MessageEvent<{ ms: number } | { error: string }>) => {
    if ('error' in data) reject(new Error(data.error))
    else resolve(data)
  }
  worker.postMessage(visit)
})
