const shown = ({ median, unit }) =>
  unit === 'bytes' ? `${(median / 1000).toFixed(1)} kB` : `${median.toFixed(median < 100 ? 1 : 0)} ms`

/** The figures side by side, one line a metric; the ratio is peer / sidestream, so above 1 sidestream is ahead. */
export function table(figures) {
  const lines = new Map()
  for (const figure of figures) {
    const { case: name, mbit, encoding, layout, metric, who } = figure
    const label = [name, mbit && `${String(mbit)} Mbit/s`, encoding, layout].filter(Boolean).join(', ')
    const id = `${label} ${metric}`
    if (!lines.has(id)) lines.set(id, { label, metric })
    lines.get(id)[who] = figure
  }
  const cells = [['case', 'metric', 'peer', 'sidestream', 'ratio']]
  for (const { label, metric, peer, sidestream } of lines.values()) {
    const ratio = peer && sidestream && sidestream.median > 0 ? (peer.median / sidestream.median).toFixed(2) : ''
    cells.push([label, metric, peer ? shown(peer) : '', sidestream ? shown(sidestream) : '', ratio])
  }
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)))
  return cells
    .map((row) => row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))))
    .map((row) => row.join('  ').trimEnd())
    .join('\n')
}
