import { percentile } from './figures.mjs'

// More than this, and a difference between two figures may be the machine's.
const SHIFT = 0.1
const SPREAD = 0.2

/**
 * Judges the machine by its calibration before and after the cases: whether it became slower or faster meanwhile, and how far nine of ten
 * runs of the same work lie apart.
 *
 * @returns lines of text, and whether the figures in between can be believed
 */
export function noiseOf(figures) {
  const rows = figures.filter(({ metric }) => metric === 'calibrationMs')
  const lines = []
  const faults = []
  for (const cores of new Set(rows.map((row) => row.cores))) {
    const [before, after] = ['before', 'after'].map((when) => rows.find((row) => row.cores === cores && row.when === when))
    const on = `${String(cores)} ${cores === 1 ? 'core' : 'cores at once'}`
    lines.push(`calibration, ${on}: ${[before, after].filter(Boolean).map(said).join(', ')}`)
    for (const row of [before, after].filter(Boolean)) {
      const spread = spreadOf(row)
      if (spread > SPREAD) faults.push(`${row.when}, ${on}: the same work differs by ${share(spread)}`)
    }
    if (!before || !after) continue
    const shift = after.median / before.median - 1
    if (Math.abs(shift) > SHIFT) faults.push(`${on}: ${share(Math.abs(shift))} ${shift > 0 ? 'slower' : 'faster'} after than before`)
  }
  const isNoisy = faults.length > 0
  lines.push(isNoisy ? `TOO NOISY to be believed: ${faults.join('; ')}` : 'the machine was quiet')
  return { isNoisy, text: lines.join('\n') }
}

const spreadOf = ({ runs, median }) => (percentile(runs, 0.95) - percentile(runs, 0.05)) / median

const share = (value) => `${(value * 100).toFixed(0)} %`

const said = ({ when, median, runs }) =>
  `${when} ${median.toFixed(1)} ms (${Math.min(...runs).toFixed(1)}–${Math.max(...runs).toFixed(1)})`
