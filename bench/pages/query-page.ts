import { idle, later, loaded, now } from './moments.ts'
import { readVisit } from './read-visit.ts'
import { ShownChanges } from './shown-changes.ts'
import { shows, topRows } from './top-rows.ts'
import { until } from './until.ts'
import type { Opened, QueryMeasured, QueryPage, QueryVisit } from './visit.ts'

/** Opens the StreamDB with a live query over it, measures how long that takes to show its rows, and stays. */
export function queryPage(open: (visit: QueryVisit) => Opened): void {
  const visit = readVisit<QueryVisit>()
  const started = loaded()
    .then(idle)
    .then(() => start(open, visit))
  window.bench = started.then(({ measured }) => measured)
  const page = started.then(({ query }) => stay(query))
  window.query = {
    showedAt: (change) => page.then(({ showedAt }) => showedAt(change)),
    showsAt: (points) => page.then(({ showsAt }) => showsAt(points)),
    frames,
    kept: () => started.then(({ kept }) => kept()),
  } satisfies QueryPage
}

type Query = ReturnType<typeof topRows>

interface Started {
  readonly measured: QueryMeasured
  readonly query: Query
  kept(): Promise<void>
}

async function start(open: (visit: QueryVisit) => Opened, visit: QueryVisit): Promise<Started> {
  // A task of its own: what runs in a script's or the driver's task isn't all reported as the page's.
  await later(0)

  performance.mark('bench:from')
  const from = performance.now()
  const opened = open(visit)
  const preloaded = opened.preload()
  if (visit.mount === 'preloaded') await preloaded
  const query = topRows(opened, visit)
  const msUntil = async (tops: ReadonlyArray<readonly number[]>): Promise<number> => {
    await until(query, () => tops.some((points) => shows(query, points)))
    return performance.now() - from
  }
  const firstRowsMs = await msUntil(visit.tops)
  const freshMs = await msUntil(visit.tops.slice(-1))
  await idle()
  performance.mark('bench:to')
  return { measured: { firstRowsMs, freshMs }, query, kept: () => preloaded.then(opened.kept) }
}

function stay(query: Query): Pick<QueryPage, 'showedAt' | 'showsAt'> {
  const shown = new ShownChanges()
  query.subscribeChanges((changes) => {
    const at = now()
    for (const { value } of changes) shown.show(value, at)
  })
  return {
    showedAt: (change) => shown.showedAt(change),
    showsAt: (points) => until(query, () => shows(query, points)).then(now),
  }
}

/** What lies between frames, as the browser tells the time of each: they are multiples of the display's. */
async function frames(ms: number): Promise<number[]> {
  const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve))
  const intervals: number[] = []
  let last = await frame()
  const until = last + ms
  while (last < until) {
    const next = await frame()
    intervals.push(next - last)
    last = next
  }
  return intervals
}
