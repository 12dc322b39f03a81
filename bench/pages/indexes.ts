import type { Timing } from '../workers/indexes.ts'
import { askWorker, startWorker } from './ask-worker.ts'
import { readVisit } from './read-visit.ts'
import type { IndexesVisit } from './visit.ts'

window.bench = askWorker(startWorker('indexes-worker'), readVisit<IndexesVisit>(), ({ data }: MessageEvent<readonly Timing[]>) => ({ timings: data }))
