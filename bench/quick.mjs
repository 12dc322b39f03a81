const RUNS = 3
const ROWS = 100_000
const FEW = 1_000
const FLOOD = { rates: [10_000], framesMs: 0, traceMs: 3_000, floodMs: 8_000 }

/**
 * The quick run: what the rows of report/wanted.mjs need, and nothing else. `of` names the cases that a job stands for, where it isn't
 * the one of its name, and `alone` the one that doesn't need it when no other is chosen. `once` names who is measured once, because one
 * run takes very long. Only a first job with few rows
 * has a discarded turn.
 */
const JOBS = [
  { name: 'cold', rows: FEW, lab: { isBare: true } },
  { name: 'latency', rows: FEW, lab: { modes: ['eager'], isRestMeasured: false, appends: 60, everyMs: 40 } },
  { name: 'tabs', rows: 10_000, lab: { tabs: [2], isBare: true } },
  { name: 'visits', of: ['cold', 'warm'], alone: 'cold', rows: ROWS, lab: { modes: ['eager', 'on-demand'] } },
  { name: 'live', rows: ROWS, once: ['peer'], lab: { ...FLOOD, hot: [ROWS], modes: ['eager', 'on-demand'] } },
  { name: 'live', rows: ROWS, once: ['peer'], lab: { ...FLOOD, hot: [100], modes: ['eager'] } },
  { name: 'latency', rows: ROWS, who: ['sidestream'], lab: { modes: ['on-demand'], workers: ['shared'], everyMs: 30 } },
  { name: 'heap', rows: ROWS, who: ['sidestream'], lab: { modes: ['on-demand'] } },
  { name: 'store', rows: ROWS, who: ['sidestream'], lab: { isBare: true } },
  { name: 'size', rows: ROWS, lab: {} },
  { name: 'queries', rows: ROWS, runs: 2, once: ['peer', 'sidestream, tab'], lab: { isBare: true, queryRates: [10_000], traceMs: 3_000, floodMs: 8_000 } },
  { name: 'growth', rows: 1_000_000, who: ['sidestream'], runs: 1, lab: { modes: ['on-demand'], isBare: true } },
]

/** The jobs that the chosen cases need, each with what it asks of its case. */
export function quickJobs(asked, chosen, runs = RUNS) {
  const jobs = JOBS.filter(({ name, of = [name] }) => of.some((each) => chosen.includes(each)))
  const caseOf = ({ name, of = [name], alone }) => (alone && !of.some((each) => each !== alone && chosen.includes(each)) ? alone : name)
  return jobs.map(({ rows, lab, who = asked.who, once = [], runs: own = runs, ...job }, index) => ({
    name: caseOf(job),
    rows,
    reads: rows <= ROWS ? 1 : 0,
    lab: { ...lab, who: who.filter((each) => asked.who.includes(each)), turns: { runs: own, once, warmedUp: index > 0 || rows > FEW } },
  }))
}
