import { inWords } from './words.mjs'

/** What is drawn: the visit and the metric of the case `growth`, and what they are called. */
export const CURVES = [
  { title: 'first visit, until 50 rows show', visit: 'cold', metric: 'firstRowsMs' },
  { title: 'second visit, until 50 rows show', visit: 'warm', metric: 'firstRowsMs' },
  { title: 'one live change, all threads', visit: 'live', metric: 'diffMs' },
]
const FAR = 10_000_000
const PER_ROW = [
  { title: 'heap of the worker', visit: 'cold', metric: 'workerHeapBytes' },
  { title: 'heap of the tab', visit: 'cold', metric: 'tabHeapBytes' },
  { title: 'IndexedDB', visit: 'cold', metric: 'storedBytes' },
  { title: 'first visit, until 50 rows show', visit: 'cold', metric: 'firstRowsMs' },
  { title: 'second visit, until 50 rows show', visit: 'warm', metric: 'firstRowsMs' },
  { title: 'second visit, until up to date', visit: 'warm', metric: 'freshMs' },
]

const nameOf = ({ who, mode }) => (who === 'peer' ? 'peer' : `sidestream, ${mode}`)

/** A point for each figure that was not given up: `{ title, who, rows, ms }`. */
export function pointsOf(figures) {
  return CURVES.flatMap(({ title, visit, metric }) =>
    growthOf(figures, visit, metric)
      .filter(({ median }) => median !== null)
      .map((figure) => ({ title, who: nameOf(figure), rows: figure.rows, ms: figure.median })),
  )
}

/** The same as a table in Markdown, with the lowest and the highest run. */
export function growthTable(figures) {
  const growth = CURVES.map(({ visit, metric }) => growthOf(figures, visit, metric))
  const sides = [...new Set(growth.flat().map(nameOf))]
  const columns = growth.flatMap((curve) => sides.map((side) => (rows) => curve.find((each) => each.rows === rows && nameOf(each) === side)))
  const head = ['rows', ...CURVES.flatMap(({ title }) => sides.map((side) => `${title}: ${side}`))]
  const lines = rowsOf(growth.flat()).map((rows) => [rows.toLocaleString('en-US'), ...columns.map((find) => cell(find(rows)))])
  return markdown([head, ...lines])
}

/** What ten million rows would take, if each further row took what those between the two largest streams took. */
export function onPaper(figures) {
  const lines = PER_ROW.flatMap(({ title, visit, metric }) => {
    const curve = growthOf(figures, visit, metric).filter(({ who, median }) => who === 'sidestream' && median !== null)
    const [one, other] = curve.sort((a, b) => a.rows - b.rows).slice(-2)
    if (!other) return []
    const perRow = (other.median - one.median) / (other.rows - one.rows)
    if (perRow <= 0) return [[title, 'nothing', 'as with fewer']]
    const far = other.median + perRow * (FAR - other.rows)
    return [[title, ...(other.unit === 'bytes' ? [`${perRow.toFixed(0)} B`, `${(far / 1e9).toFixed(2)} GB`] : [`${(perRow * 1000).toFixed(2)} µs`, `${(far / 1000).toFixed(1)} s`])]]
  })
  return markdown([['on demand', 'a further row', '10,000,000 rows'], ...lines])
}

const growthOf = (figures, visit, metric) => figures.filter((each) => each.case === 'growth' && each.visit === visit && each.metric === metric)

const rowsOf = (figures) => [...new Set(figures.map(({ rows }) => rows))].sort((a, b) => a - b)

const cell = (figure) => (figure ? inWords(figure) : '')

function markdown([head, ...lines]) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), `|${head.map((_, column) => (column === 0 ? '---|' : '---:|')).join('')}`, ...lines.map(line)].join('\n')
}
