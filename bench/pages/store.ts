import { askWorker, startWorker } from './ask-worker.ts'
import { readVisit } from './read-visit.ts'
import type { StoreVisit } from './visit.ts'

const visit = readVisit<StoreVisit>()

window.bench = askWorker(startWorker(visit.layout), visit, ({ data }: MessageEvent<{ ms: number } | { error: string }>) => {
  if ('error' in data) throw new Error(data.error)
  return data
})
