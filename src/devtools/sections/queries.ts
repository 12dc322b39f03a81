import type { InspectedQuery } from '../../shared/inspection.ts'
import { h, type Node } from '../dom.ts'
import { count, milliseconds, short } from '../format.ts'
import type { View } from '../look.ts'
import { badge, block, empty, mono, table, type TableRow } from '../parts.ts'

const MOST_TEXT = 200

export function queries({ db, status, inspection }: View): ReadonlyArray<Node> {
  const wanted = inspection?.queries ?? []
  const fallbacks = Object.entries(status.fallbacks)
  return [
    block(
      'Queries in the worker',
      'Of all tabs. A query that several tabs want runs once.',
      wanted.length === 0
        ? empty('No tab wants a query of the worker.')
        : table('Queries in the worker', [{ name: 'Query' }, { name: 'Of' }, { name: 'Rows', isNumber: true }, { name: 'Mean run', isNumber: true }, { name: 'Tabs', isNumber: true }], wanted.map(queryRow)),
    ),
    block(
      'What runs in this tab instead',
      null,
      fallbacks.length === 0
        ? empty('Nothing: each query and subset runs where it should.')
        : table('What runs in this tab instead', [{ name: 'Collection' }, { name: 'Reason' }], fallbacks.map(([id, reason]) => ({ key: id, cells: [mono(nameOf(id, db.stream.url)), short(reason, MOST_TEXT)] }))),
    ),
  ]
}

const queryRow = ({ name, about, rows, runMs, tabs, error }: InspectedQuery, index: number): TableRow => ({
  key: String(index),
  cells: [
    name === null ? 'sent by a page' : mono(short(name, MOST_TEXT)),
    error ? h('span', {}, badge(error.code, 'bad'), ` ${short(error.message, MOST_TEXT)}`) : mono(about),
    count(rows),
    runMs === null ? '–' : milliseconds(runMs),
    count(tabs),
  ],
})

/** The id of a result's collection is the stream's URL and a number. */
const nameOf = (id: string, url: string): string => (id.startsWith(`${url}?`) ? `query ${id.slice(url.length + 1)}` : short(id, MOST_TEXT))
