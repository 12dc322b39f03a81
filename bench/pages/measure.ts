import { idle, later, loaded } from './moments.ts'
import { readVisit } from './read-visit.ts'
import { until } from './until.ts'
import type { Measured, Opened, Visit } from './visit.ts'

/** Runs the visit that the page's address asks for, once the page itself has loaded and is idle. */
export function measure(open: (visit: Visit) => Opened): void {
  const visit = readVisit<Visit>()
  window.bench = loaded()
    .then(idle)
    .then(() => started(open, visit))
}

async function started(open: (visit: Visit) => Opened, visit: Visit): Promise<Measured> {
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
  if (visit.keep) await kept()
  return { readyMs, freshMs }
}
