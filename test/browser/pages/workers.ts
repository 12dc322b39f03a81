import * as Comlink from 'comlink'
import type { Probe } from './workers.worker.ts'

const dedicated = new Worker(new URL('./workers.worker.ts', import.meta.url), { type: 'module' })
const shared = new SharedWorker(new URL('./workers.worker.ts', import.meta.url), { type: 'module' })

const loads = Number(sessionStorage.getItem('loads') ?? 0) + 1
sessionStorage.setItem('loads', String(loads))

/** What the smoke test reads. */
export interface WorkersPage {
  loads(): number
  dedicated: Comlink.Remote<Probe>
  shared: Comlink.Remote<Probe>
}

const page: WorkersPage = {
  loads: () => Number(sessionStorage.getItem('loads')),
  dedicated: Comlink.wrap<Probe>(dedicated),
  shared: Comlink.wrap<Probe>(shared.port),
}
Object.assign(globalThis, { workersPage: page })
