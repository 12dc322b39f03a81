import { alternate } from '../lab/alternate.mjs'
import { load, tracedLoad } from '../lab/load.mjs'
import { withProfile } from '../lab/browser.mjs'
import { figures } from '../report/figures.mjs'

export const pages = ['peer', 'sidestream']

// Rows that change between the visits. Without any, the peer's browser would revalidate the stream's one response and
// take it from its HTTP cache, which no stream that is in use allows.
const CHANGED = 10
const MBIT = 20
const METRICS = ['readyMs', 'freshMs', 'blockingMs', 'longestTaskMs']

/** The second visit in the same profile, a few rows having changed; once beside the server, once over a slow link. */
export async function run(lab) {
  const about = { case: 'warm', rows: lab.rows, mode: 'eager' }
  const beside = await alternate({ who: lab.who, runs: lab.runs, label: 'warm' }, (side) => revisit(lab, side, 0))
  const paced = await alternate({ who: lab.who, runs: lab.runs, label: `warm, ${String(MBIT)} Mbit/s` }, (side) =>
    revisit(lab, side, MBIT),
  )
  return [
    ...figures(about, METRICS, beside),
    ...figures({ ...about, mbit: MBIT }, [...METRICS, 'wireBytes'], paced),
  ]
}

/** The first visit is never paced: it is only there to fill the caches. */
function revisit(lab, side, mbit) {
  const { server, timeoutMs } = lab
  const stream = mbit === 0 ? server.url : server.pacedUrl
  return withProfile(async (context) => {
    await load(context, { url: lab.page(side, { stream, keep: true }), timeoutMs })
    const changed = await server.change(CHANGED)
    await server.setRate(mbit)
    const before = await server.wireBytes()
    const result = await tracedLoad(context, { url: lab.page(side, { stream, changed }), timeoutMs })
    const wireBytes = (await server.wireBytes()) - before
    await server.setRate(0)
    return { ...result, wireBytes }
  })
}
