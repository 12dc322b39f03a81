import { readVisit } from './read-visit.ts'
import { until } from './until.ts'
import type { Measured, Opened, Visit } from './visit.ts'

const LONG_TASK_MS = 50
// Entries of the last long task are queued after it has ended.
const ENTRIES_MS = 100

/** Runs the visit that the page's address asks for, once the page itself has loaded and is idle. */
export function measure(open: (visit: Visit) => Opened): void {
  const visit = readVisit<Visit>()
  window.bench = loaded()
    .then(idle)
    .then(() => started(open, visit))
}

async function started(open: (visit: Visit) => Opened, visit: Visit): Promise<Measured> {
  const tasks: PerformanceEntry[] = []
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries()))
  observer.observe({ type: 'longtask' })
  // A task of its own: what runs in a script's or the driver's task isn't all reported as the page's.
  await later(0)

  performance.mark('bench:from')
  const from = performance.now()
  const { collection, preload, kept } = open(visit)
  const msUntil = async (met: () => boolean): Promise<number> => {
    await until(collection, met)
    return performance.now() - from
  }
  await preload()
  const readyMs = await msUntil(() => collection.size === visit.rows)
  const { changed: row } = visit
  const freshMs = row ? await msUntil(() => collection.get(row.key)?.updatedAt === row.updatedAt) : readyMs
  await idle()
  performance.mark('bench:to')
  const to = performance.now()

  await later(ENTRIES_MS)
  tasks.push(...observer.takeRecords())
  const blockingMs = tasks
    .filter(({ startTime }) => startTime <= to)
    .reduce((sum, { duration }) => sum + duration - LONG_TASK_MS, 0)
  if (visit.keep) await kept()
  return { readyMs, freshMs, blockingMs }
}

function loaded(): Promise<void> {
  return new Promise((resolve) => {
    if (document.readyState === 'complete') resolve()
    else addEventListener('load', () => resolve(), { once: true })
  })
}

function idle(): Promise<void> {
  return new Promise((resolve) => {
    requestIdleCallback(() => resolve())
  })
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
