/**
 * The rows of the quick run's table: what it says, which figures it compares, and what is wanted of sidestream's. `wanted` is
 * `{ ratio }`, peer / sidestream at least, `{ most }`, a value that it is not to exceed, or `{ beyond }`, by how much it may exceed the
 * peer's; without it, the row is only told.
 */
const ROWS = 100_000
const MANY = 1_000_000
const FEW = 1_000

const eager = (about) => ({ rows: ROWS, mode: 'eager', ...about })
const onDemand = (about) => ({ ...about, rows: ROWS, mode: 'on-demand' })
const few = (metric) => eager({ case: 'cold', rows: FEW, metric })
const flood = (about) => ({ case: 'live', rows: ROWS, rate: 10_000, mode: 'eager', ...about })
const groups = (mode, metric) => ({ case: 'queries', rows: ROWS, rate: 10_000, mode, metric })
const tab = { case: 'tabs', rows: 10_000, tabs: 2, metric: 'tabHeapBytes' }
const latencyFew = { case: 'latency', rows: FEW, mode: 'eager', metric: 'visibleMs' }
const latencyShared = (metric) => ({ case: 'latency', rows: ROWS, mode: 'on-demand', worker: 'shared', metric })

export const wantedRows = [
  both('first visit, eager, no query', eager({ case: 'cold', metric: 'readyMs' }), { ratio: 1 }),
  both('first visit, eager, top 50', eager({ case: 'cold', shown: 50, metric: 'firstRowsMs' }), { ratio: 2 }),
  both('second visit, eager, top 50', eager({ case: 'warm', shown: 50, metric: 'firstRowsMs' }), { ratio: 5 }),
  both('second visit, eager, no query', eager({ case: 'warm', metric: 'readyMs' }), { ratio: 2.5 }),
  both('10,000 updates/s of any row, eager: settled after', flood({ hot: ROWS, metric: 'settleMs' }), { ratio: 2 }),
  both('10,000 updates/s of 100 rows, eager: UI thread busy', flood({ hot: 100, metric: 'uiBusyShare' }), { ratio: 3 }),
  both('1,000 rows, first visit, eager', few('readyMs'), { most: 60 }),
  both('  of it: until the worker has started', few('workerMs')),
  both('  until the stream is asked for', few('requestedMs')),
  both('  until the answer is there', few('answeredMs')),
  row('1,000 rows, append to visible, p50, shared', latencyFew, { ...latencyFew, worker: 'shared' }, { beyond: 1 }),
  row('1,000 rows, append to visible, p50, leader', latencyFew, { ...latencyFew, worker: 'dedicated' }, { beyond: 1 }),
  row('on demand, append to visible, p99, shared', undefined, latencyShared('restVisibleP99Ms'), { most: 20 }),
  row('  while a first visit is stored', undefined, latencyShared('visibleP99Ms'), { most: 60 }),
  onDemandRow('on demand, first visit, of a bare fetch and parse', { case: 'cold', shown: 50, metric: 'limitRatio' }, { most: 1.15 }),
  onDemandRow('on demand, second visit, top 50', { case: 'warm', shown: 50, metric: 'firstRowsMs' }, { most: 150 }),
  row('on demand, 1M rows, second visit, up to date', undefined, onDemand({ case: 'growth', visit: 'warm', metric: 'freshMs' }), {
    rows: MANY,
    most: 2000,
  }),
  row('store: worker, by its own clock', undefined, eager({ case: 'store', layout: 'segments', metric: 'idbWriteCpuMs' }), { most: 200 }),
  row('store: until committed', undefined, eager({ case: 'store', layout: 'segments', metric: 'idbWriteMs' })),
  both('code on the UI thread, gz', { case: 'size', rows: 0, mode: 'eager', metric: 'gzBytes' }, { most: 8500 }),
  row('heap of the worker', undefined, onDemand({ case: 'heap', metric: 'workerHeapBytes' }), { most: 20e6 }),
  row('10,000 rows, heap of a further tab, shared', { ...tab, mode: 'page' }, { ...tab, mode: 'shared' }, { ratio: 1 }),
  row('10,000 rows, heap of a further tab, leader', { ...tab, mode: 'page' }, { ...tab, mode: 'leader' }, { ratio: 1 }),
  row('10,000 updates/s of any row, on demand: UI thread busy', flood({ hot: ROWS, metric: 'uiBusyShare' }), {
    ...flood({ hot: ROWS, metric: 'uiBusyShare' }),
    mode: 'on-demand',
  }, { most: 0.03 }),
  row('10,000 updates/s, groups of a join in the worker: UI thread busy', groups('tab', 'uiBusyShare'), groups('worker', 'uiBusyShare'), { ratio: 20 }),
  row('  longest task of the UI thread', groups('tab', 'longestTaskMs'), groups('worker', 'longestTaskMs'), { most: 50 }),
  row('  age of the result, p99', groups('tab', 'ageP99Ms'), groups('worker', 'ageP99Ms'), { most: 250 }),
  row('  worker busy', undefined, groups('worker', 'workerBusyShare')),
  row('  groups in the tab instead: UI thread busy', groups('tab', 'uiBusyShare'), groups('tab', 'uiBusyShare')),
]

function row(name, peer, sidestream, { rows, ...wanted } = {}) {
  return { name, peer, sidestream: rows ? { ...sidestream, rows } : sidestream, wanted }
}

function both(name, selector, wanted) {
  return row(name, selector, selector, wanted)
}

/** The peer is always eager. */
function onDemandRow(name, about, wanted) {
  return row(name, eager(about), onDemand(about), wanted)
}
