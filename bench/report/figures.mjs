export function median(runs) {
  const sorted = [...runs].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The smallest value that a `share` of the values does not exceed. */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]
}

const DECIMALS = { ms: 2, bytes: 1, count: 1, share: 4, ratio: 2 }

/** One object of the JSON report. A run of `Infinity` was given up after `mostMs`. */
export function figure({ metric, runs, mostMs, ...about }) {
  const unit = unitOf(metric)
  const rounded = (value) => (value === Infinity ? null : Number(value.toFixed(DECIMALS[unit])))
  const middle = rounded(median(runs))
  return { ...about, metric, unit, median: middle, ...(middle === null && { over: mostMs }), runs: runs.map(rounded) }
}

function unitOf(metric) {
  const units = { Ms: 'ms', Bytes: 'bytes', Share: 'share', Ratio: 'ratio' }
  const suffix = Object.keys(units).find((each) => metric.endsWith(each))
  return units[suffix] ?? 'count'
}

/** Figures for `metrics` out of the results of `alternate`, by side; a side need not have every metric. */
export function figures(about, metrics, results) {
  const setups = new Map([...results.keys()].map((who) => [who, { about: { who } }]))
  return figuresOf(setups, about, metrics, results)
}

/** The same for setups (lab/setups.mjs), by whose names the results are; a setup need not have every metric. */
export function figuresOf(setups, about, metrics, results) {
  return metrics.flatMap((metric) =>
    [...results].flatMap(([name, each]) => {
      const runs = each.map((result) => result[metric]).filter((value) => value !== undefined)
      return runs.length > 0 ? [figure({ ...about, ...setups.get(name).about, metric, runs })] : []
    }),
  )
}
