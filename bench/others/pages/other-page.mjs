import { pointsAt, POINTS, rowAt } from '../../server/rows.mjs'

/*
 * What each page of the case `others` does with the rows of one and the same stream. `open()` answers
 *   install(rows)     resolves when all rows are stored on the device; where the library reads the stream itself, `isSynced`, without rows
 *   update(rows)      the same of rows that are there already; `stored()`, if there is one, is waited for in addition
 *   top(order, told)  a live query of the first 50 by points, `asc` or `desc`, which calls `told(rows)` with each result; answers its end
 */
const SHOWN = 50
const UPDATES = 10_000
// Later than the time of any seeded row.
const UPDATED_FROM = 1_900_000_000_000

/** Runs the step that the page's address asks for: `install`, the first visit, or `open`, the second. */
export function otherPage(open, { isSynced = false } = {}) {
  const visit = JSON.parse(new URLSearchParams(location.search).get('visit'))
  const loaded = new Promise((resolve) => {
    if (document.readyState === 'complete') resolve()
    else addEventListener('load', resolve, { once: true })
  })
  window.bench = loaded.then(() => (visit.step === 'install' ? install(open, visit, isSynced) : reopen(open, visit)))
}

async function install(open, visit, isSynced) {
  const from = performance.now()
  const [db, rows] = await Promise.all([open(visit), isSynced ? undefined : read(visit)])
  await db.install(rows)
  return { installMs: performance.now() - from }
}

async function reopen(open, visit) {
  const from = performance.now()
  const db = await open(visit)
  await shows(db, 'desc', visit.desc)
  const firstRowsMs = performance.now() - from

  const asked = performance.now()
  await shows(db, 'asc', visit.asc)
  const topMs = performance.now() - asked

  const rows = updatesOf(visit.rows)
  const updated = performance.now()
  await Promise.all([shows(db, 'desc', [rows.at(-1).points]), db.update(rows)])
  await db.stored?.()
  return { firstRowsMs, topMs, updatesMs: performance.now() - updated }
}

/** Rows that are spread over the stream; the last one has the most points. */
function updatesOf(rows) {
  const count = Math.min(UPDATES, rows)
  return Array.from({ length: count }, (_, step) => {
    const index = Math.floor((step * rows) / count)
    return rowAt(index, { updatedAt: UPDATED_FROM + step, points: step === count - 1 ? 2 * POINTS : pointsAt(index) })
  })
}

/** Resolves when a query shows rows that begin with these points. */
function shows(db, order, points) {
  return new Promise((resolve) => {
    const stop = db.top(order, (rows) => {
      if (rows.length !== SHOWN || !points.every((each, index) => rows[index].points === each)) return
      resolve()
      // Not while it tells.
      setTimeout(() => stop())
    })
  })
}

/** The stream's rows by one request, as its events insert them. */
async function read({ stream, rows: expected }) {
  const answer = await fetch(`${stream}?offset=-1`)
  const rows = (await answer.json()).map(({ value }) => value)
  if (rows.length !== expected) throw new Error(`read ${String(rows.length)} rows of ${String(expected)}`)
  return rows
}
