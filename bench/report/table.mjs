/** The figures side by side, one line a metric; the ratio is peer / sidestream, so above 1 sidestream is ahead. */
export function table(figures) {
  const cells = [['case', 'metric', 'peer', 'sidestream', 'ratio']]
  for (const { label, metric, peer, sidestream } of linesOf(figures)) {
    const ratio = peer && sidestream && sidestream.median > 0 ? (peer.median / sidestream.median).toFixed(2) : ''
    cells.push([label, metric, peer ? shown(peer) : '', sidestream ? shown(sidestream) : '', ratio])
  }
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)))
  return cells
    .map((row) => row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))))
    .map((row) => row.join('  ').trimEnd())
    .join('\n')
}

/** Of the peer there is one figure where sidestream has one for each mode: it stands beside all of them. */
function linesOf(figures) {
  const lines = new Map()
  for (const figure of figures) {
    const { metric, who } = figure
    for (const mode of modesOf(figure, figures)) {
      const label = labelOf(figure, mode)
      const id = `${label} ${metric}`
      if (!lines.has(id)) lines.set(id, { label, metric })
      lines.get(id)[who] = figure
    }
  }
  return lines.values()
}

function modesOf({ case: name, mode }, figures) {
  if (mode !== 'page') return [mode]
  const others = figures.filter((figure) => figure.case === name && figure.mode !== 'page').map((figure) => figure.mode)
  return others.length > 0 ? new Set(others) : [mode]
}

function labelOf({ case: name, tabs, mbit, encoding, layout }, mode) {
  const parts = [name, tabs && String(tabs), mbit && `${String(mbit)} Mbit/s`, encoding, layout, mode !== 'eager' && mode]
  return parts.filter(Boolean).join(', ')
}

function shown({ median, unit }) {
  if (unit === 'bytes') return `${(median / 1000).toFixed(1)} kB`
  if (unit === 'count') return String(median)
  return `${median.toFixed(median < 100 ? 1 : 0)} ms`
}
