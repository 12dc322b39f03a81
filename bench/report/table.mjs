import { inWords } from './words.mjs'

const PARTS = {
  rows: (rows) => `${String(rows)} rows`,
  tabs: String,
  visit: String,
  shown: (shown) => `top ${String(shown)}`,
  rate: (rate) => `${String(rate)}/s`,
  hot: (hot) => `${String(hot)} hot`,
  index: () => 'indexed',
  mbit: (mbit) => `${String(mbit)} Mbit/s`,
  encoding: String,
  batch: (batch) => `${String(batch)} at once`,
  layout: String,
}

/**
 * The figures side by side, one line a metric, each with its lowest and highest run; the ratio is peer / sidestream, so above 1 sidestream is ahead. A
 * figure of neither side (the limit, another way to write) has a column of its own.
 */
export function table(figures) {
  const sides = ['peer', 'sidestream']
  const columns = [...sides, ...new Set(figures.map(({ who }) => who).filter((who) => !sides.includes(who)))]
  const cells = [['case', 'metric', ...columns, 'ratio']]
  for (const { label, metric, ...of } of linesOf(figures)) {
    cells.push([label, metric, ...columns.map((who) => (of[who] ? inWords(of[who]) : '')), ratio(of)])
  }
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)))
  return cells
    .map((row) => row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))))
    .map((row) => row.join('  ').trimEnd())
    .join('\n')
}

/** Sidestream, and what else is named with its version, has one figure for each variant. The peer has one in all: it stands beside each. */
function linesOf(figures) {
  const variants = new Map()
  for (const figure of figures) {
    const group = groupOf(figure, figures)
    if (!variants.has(group)) variants.set(group, new Set())
    if (figure.who === 'sidestream') variants.get(group).add(variantOf(figure))
  }
  const lines = new Map()
  for (const figure of figures) {
    const { metric, who } = figure
    const group = groupOf(figure, figures)
    const known = variants.get(group)
    const hasVariants = who === 'sidestream' || figure.version !== undefined
    for (const variant of hasVariants || known.size === 0 ? [variantOf(figure)] : known) {
      const label = known.size > 1 || variant !== 'eager' ? `${group}, ${variant}` : group
      const id = `${label} ${metric}`
      if (!lines.has(id)) lines.set(id, { label, metric })
      lines.get(id)[who] = figure
    }
  }
  return lines.values()
}

/** What both sides have in common. Rows tell figures apart only where a case has several streams. */
function groupOf(figure, figures) {
  const named = Object.keys(PARTS).filter(
    (part) => figure[part] && (part !== 'rows' || figures.some((other) => other.case === figure.case && other.rows !== figure.rows)),
  )
  return [figure.case, ...named.map((part) => PARTS[part](figure[part]))].join(', ')
}

const variantOf = ({ mode, worker }) => [mode, worker].filter(Boolean).join(', ')

function ratio({ peer, sidestream }) {
  if (!peer || !sidestream || !(sidestream.median > 0)) return ''
  return `${peer.over ? '> ' : ''}${((peer.over ?? peer.median) / sidestream.median).toFixed(2)}`
}
