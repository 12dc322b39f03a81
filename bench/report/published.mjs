import { wantedRows } from './wanted.mjs'
import { wantedTable } from './wanted-table.mjs'

/** The rows of the README's table, by the names that they have in wanted.mjs. */
const README_ROWS = {
  'first visit, eager, no query': 'first visit, all rows in the tab',
  'first visit, eager, top 50': 'first visit, the top 50 of a query',
  'second visit, eager, no query': 'second visit, all rows in the tab',
  'on demand, second visit, top 50': 'second visit, the top 50, on demand',
  '10,000 updates/s of any row, eager: settled after': '10,000 updates a second, until the last is shown',
  '10,000 updates/s of any row, on demand: UI thread busy': '10,000 updates a second, on demand: UI thread busy',
  '10,000 rows, heap of a further tab, shared': 'heap of a further tab, 10,000 rows',
  'code on the UI thread, gz': 'code on the UI thread, gzipped',
}

/** The places in the documentation that are made of the quick run's figures: a page, the name of the mark, and what stands there. */
export function publishedPlaces(figures) {
  return [
    { page: 'docs/figures.md', mark: 'quick-run', text: wantedTable(wantedRows, figures).markdown },
    { page: 'README.md', mark: 'figures', text: readmeTable(figures) },
  ]
}

function readmeTable(figures) {
  const rows = wantedRows.filter(({ name }) => name in README_ROWS).map((row) => ({ ...row, name: README_ROWS[row.name], wanted: {} }))
  const [, , ...lines] = wantedTable(rows, figures).markdown.split('\n')
  const cells = lines.map((line) => line.split(' | ').slice(0, 4).join(' | '))
  return ['| 100,000 rows | `@durable-streams/state` | sidestream | ratio |', '|---|---:|---:|---:|', ...cells.map((line) => `${line} |`)].join('\n')
}

const marksOf = (mark) => [`<!-- ${mark} -->\n`, `\n<!-- /${mark} -->`]

/** @returns what stands between a page's marks; null when it lacks them */
export function between(page, mark) {
  const [begin, end] = marksOf(mark)
  const from = page.indexOf(begin)
  const to = page.indexOf(end, from)
  return from < 0 || to < 0 ? null : page.slice(from + begin.length, to)
}

/** @throws Error when the page lacks the marks */
export function replaceBetween(page, mark, text) {
  const old = between(page, mark)
  if (old === null) throw new Error(`the marks of ${mark} are missing`)
  const [begin, end] = marksOf(mark)
  return page.replace(begin + old + end, () => begin + text + end)
}
