import { coalesce, count, eq, length, lower, max, type Collection } from '@tanstack/db'
import fc from 'fast-check'
import { build, predicate, type Expression } from './expressions.ts'

type Options = Readonly<Record<string, unknown>>

/** One term of an order. `mixed` is left out: TanStack DB's order of values of several types is none. */
export interface Term {
  readonly by: 'n' | 'rank' | 's' | 'at' | 'place.city' | 'place.pos.x' | 'flag' | 'lower' | 'length'
  readonly options: Options
}

export interface Window {
  readonly offset: number
  readonly limit: number
}

/** A query as data, so that the same can be asked of different collections, and be read in a failure. */
export interface Query {
  readonly form:
    | 'items'
    /** By a function of the page's, which nobody else can evaluate. */
    | 'items-fn'
    | 'items-left-people'
    | 'items-inner-people'
    | 'people-left-items'
    | 'people-inner-items'
    | 'groups'
    | 'distinct'
    | 'selected'
  readonly where: Expression | null
  readonly orderBy: ReadonlyArray<Term>
  readonly window: Window | null
}

interface Sources {
  readonly items: Collection<any, any, any>
  readonly people: Collection<any, any, any>
}

const collation = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Options>({}) },
  { weight: 3, arbitrary: fc.constant<Options>({ stringSort: 'lexical' }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Options>(
      { stringSort: 'locale' },
      { stringSort: 'locale', locale: 'en', localeOptions: { numeric: true } },
      { stringSort: 'locale', locale: 'de', localeOptions: { sensitivity: 'base' } },
      { stringSort: 'locale', locale: 'sv' },
    ),
  },
)
const term: fc.Arbitrary<Term> = fc
  .tuple(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom<Term['by']>('n', 'rank', 's', 'at', 'place.city', 'place.pos.x', 'flag') },
      { weight: 1, arbitrary: fc.constantFrom<Term['by']>('lower', 'length') },
    ),
    fc.record({ direction: fc.constantFrom('asc', 'desc'), nulls: fc.constantFrom('first', 'last') }),
    collation,
  )
  .map(([by, order, strings]) => ({ by, options: { ...order, ...strings } }))

export const window: fc.Arbitrary<Window> = fc.record({ offset: fc.oneof(fc.constant(0), fc.nat({ max: 30 })), limit: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(0, 25, 50)) })

const where = fc.option(predicate, { freq: 3 })
const form = <T extends Query['form']>(...forms: T[]): fc.Arbitrary<T> => fc.constantFrom(...forms)
/** TanStack DB 0.15 asks an on-demand source for nothing while a window is empty, and if it is ordered by a function never again. */
const firstWindow = (first: Window, [leading]: ReadonlyArray<Term>): Window =>
  first.limit === 0 && (leading?.by === 'lower' || leading?.by === 'length') ? { ...first, limit: 1 } : first
/**
 * TanStack DB 0.8 passes over rows of an on-demand source when a window moves, or ends among rows without a value; for it these
 * queries show all of their rows.
 */
const is08 = process.env['SIDESTREAM_TANSTACK_DB'] === '0.8'
const windowed = (...forms: Query['form'][]): fc.Arbitrary<Query> =>
  fc
    .record({ form: form(...forms), where, orderBy: fc.array(term, { minLength: 1, maxLength: 2 }), window: is08 ? fc.constant(null) : window })
    .map((asked) => ({ ...asked, window: asked.window && firstWindow(asked.window, asked.orderBy) }))

export const query: fc.Arbitrary<Query> = fc.oneof(
  { weight: 6, arbitrary: windowed('items', 'items', 'selected') },
  { weight: 4, arbitrary: fc.record({ form: form('items', 'selected', 'items-fn'), where, orderBy: fc.array(term, { maxLength: 2 }), window: fc.constant(null) }) },
  { weight: 2, arbitrary: fc.record({ form: form('items-left-people', 'items-inner-people', 'people-left-items', 'people-inner-items'), where, orderBy: fc.constant([]), window: fc.constant(null) }) },
  { weight: 2, arbitrary: windowed('items-left-people', 'items-inner-people') },
  { weight: 1, arbitrary: fc.record({ form: form('groups', 'distinct'), where, orderBy: fc.constant([]), window: fc.constant(null) }) },
)

/** Whether the query can be answered from the rows that its filter lets through, and no others. */
export const isSelective = ({ form: of, window: shown }: Query): boolean => (of === 'items' || of === 'selected') && shown === null

export const isOrdered = ({ form: of }: Query): boolean => of !== 'groups' && of !== 'distinct'

const ownerOf = (item: any): any => coalesce(item.owner, 'none')

function keyOf({ by }: Term, item: any): any {
  if (by === 'lower') return lower(item.s)
  if (by === 'length') return length(item.s)
  return build({ op: 'field', path: by }, item)
}

/** The query over these collections, for `createLiveQueryCollection`; its window may be another one by now. */
export function over({ items, people }: Sources, { form: of, where: filter, orderBy, window: first }: Query, shown: Window | null = first) {
  return (q: any): any => {
    let built = q
    if (of === 'people-left-items' || of === 'people-inner-items') {
      built = built.from({ person: people }).join({ item: items }, ({ item, person }: any) => eq(item.owner, person.id), of === 'people-left-items' ? 'left' : 'inner')
    } else {
      built = built.from({ item: items })
      if (of === 'items-left-people' || of === 'items-inner-people') {
        built = built.join({ person: people }, ({ item, person }: any) => eq(item.owner, person.id), of === 'items-left-people' ? 'left' : 'inner')
      }
    }
    if (filter) built = built.where(({ item }: any) => build(filter, item))
    if (of === 'items-fn') built = built.fn.where(({ item }: any) => String(item.id) < 'k5')
    // By text: TanStack DB 0.15 loses sight of a group whose key is null or false.
    if (of === 'groups') built = built.groupBy(({ item }: any) => ownerOf(item)).select(({ item }: any) => ({ owner: ownerOf(item), count: count(item.id), max: max(item.rank) }))
    if (of === 'distinct') built = built.select(({ item }: any) => ({ owner: item.owner })).distinct()
    if (of === 'selected') built = built.select(({ item }: any) => ({ key: item.id, n: item.n, city: item.place.city }))
    for (const each of orderBy) built = built.orderBy(({ item }: any) => keyOf(each, item), each.options)
    if (shown) built = built.limit(shown.limit).offset(shown.offset)
    return built
  }
}
