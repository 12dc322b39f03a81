import { inWords, valueOf } from './words.mjs'

// What tells figures of one case apart. A selector that does not name one of them wants a figure without it.
const PARTS = ['case', 'rows', 'mode', 'metric', 'worker', 'shown', 'visit', 'rate', 'hot', 'tabs', 'mbit', 'encoding', 'layout', 'index']
const HEAD = ['row', 'peer', 'sidestream', 'ratio', 'wanted', '']

/**
 * What was measured beside what is wanted, a line for each of `rows`; see wanted.mjs. The ratio is peer / sidestream.
 *
 * @returns the lines as text and as Markdown, and the names of the rows that do not meet what is wanted
 */
export function wantedTable(rows, figures) {
  const missed = []
  const cells = [HEAD]
  for (const { name, peer, sidestream, wanted } of rows) {
    const one = find(figures, 'peer', peer)
    const other = find(figures, 'sidestream', sidestream)
    const verdict = verdictOf(wanted, one, other)
    if (verdict === 'MISSED') missed.push(name.trim())
    cells.push([name, words(one), words(other), ratioOf(one, other)?.text ?? '', wish(wanted, other), verdict])
  }
  const widths = HEAD.map((_, column) => Math.max(...cells.map((line) => line[column].length)))
  const pad = (cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))
  return { text: cells.map((line) => line.map(pad).join('  ').trimEnd()).join('\n'), markdown: markdownOf(cells.slice(1)), missed }
}

/** A row that is part of the row above it is set in by a dash. */
function markdownOf(cells) {
  const head = ['| row | peer | sidestream | peer / sidestream | wanted | |', '|---|---:|---:|---:|---:|---|']
  const lines = cells.map(([name, ...others]) => `| ${[name.replace(/^ {2}/, '– '), ...others].join(' | ').replace('MISSED', 'missed')} |`)
  return [...head, ...lines].join('\n')
}

function find(figures, who, selector) {
  return selector && figures.find((figure) => figure.who === who && PARTS.every((part) => figure[part] === selector[part]))
}

function words(figure) {
  if (!figure) return ''
  return figure.runs.length === 1 && figure.case !== 'size' ? `${inWords(figure)}, one run` : inWords(figure)
}

/** One that was given up took longer than its limit, and so has at least that ratio. */
function ratioOf(peer, sidestream) {
  if (!peer || !sidestream || !(sidestream.median > 0)) return undefined
  const value = (peer.over ?? peer.median) / sidestream.median
  return { value, text: `${peer.over ? '> ' : ''}${value.toFixed(2)}` }
}

function wish({ ratio, most, beyond }, figure) {
  if (beyond !== undefined) return `≤ peer + ${figure ? valueOf(beyond, figure.unit) : String(beyond)}`
  if (ratio !== undefined) return `≥ ${ratio.toFixed(2)}`
  if (most === undefined) return ''
  return `≤ ${figure ? valueOf(most, figure.unit) : String(most)}`
}

function verdictOf({ ratio, most, beyond }, peer, sidestream) {
  if (ratio === undefined && most === undefined && beyond === undefined) return ''
  if (!sidestream || (most === undefined && !peer)) return 'not measured'
  if (sidestream.median === null) return 'MISSED'
  if (beyond !== undefined) return sidestream.median <= (peer.over ?? peer.median) + beyond ? 'met' : 'MISSED'
  // Nothing is quicker than no time at all.
  const isMet = most !== undefined ? sidestream.median <= most : sidestream.median === 0 || ratioOf(peer, sidestream).value >= ratio
  return isMet ? 'met' : 'MISSED'
}
