import { alternate } from '../lab/alternate.mjs'
import { withProfile } from '../lab/browser.mjs'
import { SHOWN, warmRows } from '../lab/first-rows.mjs'
import { load, tracedLoad } from '../lab/load.mjs'
import { setupsOf } from '../lab/setups.mjs'
import { figures, figuresOf } from '../report/figures.mjs'

export const pages = ['peer', 'sidestream', 'peer-query', 'sidestream-query']

// Rows that change between the visits. Without any, the peer's browser would revalidate the stream's one response and
// take it from its HTTP cache, which no stream that is in use allows.
export const CHANGED = 10
const MBIT = 20
export const METRICS = ['readyMs', 'freshMs', 'blockingMs', 'longestTaskMs']
export const SHOWN_METRICS = ['firstRowsMs', 'freshMs', 'blockingMs', 'longestTaskMs']

// Whether a server compresses decides what a slow link costs the peer; these rows are far easier to compress than most.
const ENCODINGS = ['identity', 'gzip']

/** The second visit in the same profile, a few rows having changed; beside the server, then over a slow link. */
export async function run(lab) {
  const about = { case: 'warm', rows: lab.rows, mode: 'eager' }
  const beside = await alternate({ ...lab.turns, who: lab.who, label: 'warm' }, (side) => revisit(lab, side, { mbit: 0 }))
  const collected = figures(about, METRICS, beside)
  for (const encoding of ENCODINGS) {
    const link = { mbit: MBIT, encoding }
    const label = `warm, ${String(MBIT)} Mbit/s, ${encoding}`
    const paced = await alternate({ ...lab.turns, who: lab.who, label }, (side) => revisit(lab, side, link))
    collected.push(...figures({ ...about, ...link }, [...METRICS, 'wireBytes'], paced))
  }
  return [...collected, ...(await firstRows(lab))]
}

async function firstRows(lab) {
  const setups = setupsOf(lab)
  const label = `warm, top ${String(SHOWN)}`
  const results = await alternate({ ...lab.turns, who: [...setups.keys()], label }, (name) =>
    warmRows(lab, setups.get(name), CHANGED),
  )
  const about = { case: 'warm', rows: lab.rows, shown: SHOWN }
  return figuresOf(setups, about, SHOWN_METRICS, results)
}

/** The first visit is never paced: it is only there to fill the caches. */
function revisit(lab, side, { mbit, encoding }) {
  const { server, timeoutMs } = lab
  const stream = mbit === 0 ? server.url : server.pacedUrl
  return withProfile(async (context) => {
    await load(context, { url: lab.page(side, { stream, keep: true }), timeoutMs })
    const changed = await server.change(CHANGED)
    await server.setLink({ mbit, encoding })
    const before = await server.wireBytes()
    const result = await tracedLoad(context, { url: lab.page(side, { stream, changed }), timeoutMs })
    const wireBytes = (await server.wireBytes()) - before
    await server.setLink({ mbit: 0 })
    return { ...result, wireBytes }
  })
}
