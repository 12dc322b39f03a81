export function median(runs) {
  const sorted = [...runs].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

const rounded = (value) => Math.round(value * 10) / 10

/** One object of the JSON report. */
export function figure({ metric, runs, ...about }) {
  return { ...about, metric, unit: unitOf(metric), median: rounded(median(runs)), runs: runs.map(rounded) }
}

function unitOf(metric) {
  if (metric.endsWith('Ms')) return 'ms'
  return metric.endsWith('Bytes') ? 'bytes' : 'count'
}

/** Figures for `metrics` out of the results of `alternate`. */
export function figures(about, metrics, results) {
  return metrics.flatMap((metric) =>
    [...results].map(([who, runs]) => figure({ ...about, who, metric, runs: runs.map((result) => result[metric]) })),
  )
}
