import type { Node } from '../dom.ts'
import { count, milliseconds, short } from '../format.ts'
import type { View } from '../look.ts'
import { block, empty, mono, table } from '../parts.ts'

const MOST_TEXT = 200

export function queries({ db, status }: View): ReadonlyArray<Node> {
  const run = Object.entries(status.queries)
  const fallbacks = Object.entries(status.fallbacks)
  return [
    block(
      'Queries in the worker',
      'Of this tab. A query that several tabs want runs once.',
      run.length === 0
        ? empty('This tab has no query in the worker.')
        : table(
            'Queries in the worker',
            [{ name: 'Collection' }, { name: 'Rows', isNumber: true }, { name: 'Mean run', isNumber: true }, { name: 'Tabs', isNumber: true }],
            run.map(([id, { rows, runMs, tabs }]) => ({ key: id, cells: [mono(nameOf(id, db.stream.url)), count(rows), milliseconds(runMs), count(tabs)] })),
          ),
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

/** The id of a result's collection is the stream's URL and a number. */
const nameOf = (id: string, url: string): string => (id.startsWith(`${url}?`) ? `query ${id.slice(url.length + 1)}` : short(id, MOST_TEXT))
