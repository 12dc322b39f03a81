import type { InspectedCollection } from '../../shared/inspection.ts'
import type { Node } from '../dom.ts'
import { expressionText, subsetText } from '../expression-text.ts'
import { bytes, count, percent, short } from '../format.ts'
import type { View } from '../look.ts'
import { block, empty, mono, table } from '../parts.ts'

const MOST_TEXT = 200

export function collections(view: View): ReadonlyArray<Node> {
  return [rows(view), subsets(view), indexes(view)]
}

function rows({ db, inspection }: View): Node {
  const known = new Map(inspection?.collections.map((collection) => [collection.name, collection]))
  return block(
    'Collections',
    'Bytes are those of the rows as JSON, estimated by some of them. The live ratio says how many stored entries are the newest of their row.',
    table(
      'Collections',
      [{ name: 'Collection' }, { name: 'Rows', isNumber: true }, { name: 'In this tab', isNumber: true }, { name: 'Bytes', isNumber: true }, { name: 'Segments', isNumber: true }, { name: 'Live', isNumber: true }],
      Object.entries(db.collections).map(([name, { size }]) => ({ key: name, cells: [name, ...cells(known.get(name), size)] })),
    ),
  )
}

function cells(collection: InspectedCollection | undefined, held: number): ReadonlyArray<string> {
  const stored = collection?.stored
  return [
    count(collection?.rows),
    count(held),
    bytes(collection?.bytes),
    count(stored?.segments),
    stored && stored.live !== null ? percent(stored.live, stored.entries) : '–',
  ]
}

function subsets({ inspection }: View): Node {
  const held = inspection?.subsets ?? []
  if (held.length === 0) return block('Subsets', null, empty('No tab holds a subset: collections that are not on-demand are held whole.'))
  return block(
    'Subsets',
    'What queries of all tabs hold of on-demand and progressive collections.',
    table(
      'Subsets',
      [{ name: 'Collection' }, { name: 'Subset' }, { name: 'Rows', isNumber: true }, { name: 'Tabs', isNumber: true }],
      held.map((subset, index) => ({ key: String(index), cells: [subset.collection, mono(short(subsetText(subset), MOST_TEXT)), count(subset.rows), count(subset.tabs)] })),
    ),
  )
}

function indexes({ inspection }: View): Node {
  const made = inspection?.indexes ?? []
  if (made.length === 0) return block('Indexes', null, empty('No query has needed an index.'))
  return block(
    'Indexes',
    null,
    table('Indexes', [{ name: 'Collection' }, { name: 'Field' }, { name: 'State' }], made.map(({ collection, expression, complete }, index) => ({ key: String(index), cells: [collection, mono(expressionText(expression)), complete ? 'complete' : 'being made'] }))),
  )
}
