import fc from 'fast-check'

/** Few, so that they meet: in filters, as ties of an order, under a collation. */
export const NUMBERS = [-7, 0, 1, 1.5, 2, 3, 10, 100]
export const STRINGS = ['', 'a', 'A', 'ä', 'b', 'B', 'z', 'Zebra', 'a2', 'a10', 'A2', '9', '10', 'straße', '50%', 'a_b']
export const DATES = ['1999-12-31', '2024-02-29T12:00:00.000Z', '2024-02-29T12:00:00.001Z', '2025-01-01T00:00:00Z']
export const COLOURS = ['red', 'green', 'blue']
export const PEOPLE = Array.from({ length: 6 }, (_, index) => `p${String(index)}`)
const ITEMS = Array.from({ length: 90 }, (_, index) => `k${String(index).padStart(2, '0')}`)

/** A value, or null, or nothing at all. */
const perhaps = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> =>
  fc.oneof({ weight: 8, arbitrary }, { weight: 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constant(undefined) })

const number = fc.constantFrom(...NUMBERS)
const string = fc.constantFrom(...STRINGS)
const itemRow = fc
  .record({
    n: perhaps(number),
    rank: fc.nat({ max: 999 }),
    s: perhaps(string),
    at: perhaps(fc.constantFrom(...DATES)),
    flag: perhaps(fc.boolean()),
    mixed: perhaps(fc.oneof(number, string, fc.boolean(), fc.constant({ x: 1 }), fc.constant([1]))),
    place: perhaps(fc.record({ city: perhaps(string), pos: perhaps(fc.record({ x: perhaps(number) })) })),
    tags: perhaps(fc.subarray(COLOURS)),
    owner: perhaps(fc.constantFrom(...PEOPLE, 'nobody')),
  })
  .map(json)
const personRow = fc.record({ name: perhaps(string), age: perhaps(number) }).map(json)

const operation = fc.constantFrom('insert', 'update', 'upsert')
const put = (type: string, key: fc.Arbitrary<string>, value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.record({ type: fc.constant(type), key, value, headers: operation.map((of) => ({ operation: of })) })
const remove = (type: string, key: fc.Arbitrary<string>): fc.Arbitrary<unknown> =>
  key.map((of) => ({ type, key: of, headers: { operation: 'delete' } }))

const itemKey = fc.constantFrom(...ITEMS)
const personKey = fc.constantFrom(...PEOPLE)
const putItem = put('item', itemKey, itemRow)
const putPerson = put('person', personKey, personRow)
const control = (name: string): unknown => ({ headers: { control: name } })

/** What is on the stream when the first tab opens. */
export const beginning: fc.Arbitrary<unknown[]> = fc
  .tuple(fc.array(putPerson, { maxLength: 8 }), fc.array(putItem, { maxLength: 90, size: 'max' }))
  .map(([people, items]) => [...people, ...items])

/** What one append carries. */
export const message: fc.Arbitrary<unknown[]> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.array(
      fc.oneof(
        { weight: 10, arbitrary: putItem },
        { weight: 4, arbitrary: remove('item', itemKey) },
        { weight: 2, arbitrary: putPerson },
        { weight: 1, arbitrary: remove('person', personKey) },
        { weight: 1, arbitrary: fc.constantFrom<unknown>(null, { headers: { operation: 'explode' } }, { type: 'item', key: 'k00', value: 'no row', headers: { operation: 'insert' } }) },
      ),
      { minLength: 1, maxLength: 8 },
    ),
  },
  // Many at once: most rows change, a window is turned over.
  { weight: 2, arbitrary: fc.array(putItem, { minLength: 30, maxLength: 60, size: 'max' }) },
  { weight: 1, arbitrary: fc.array(putItem, { maxLength: 20 }).map((items) => [control('reset'), ...items]) },
  { weight: 1, arbitrary: fc.array(putItem, { maxLength: 40, size: 'max' }).map((items) => [control('snapshot-start'), ...items, control('snapshot-end')]) },
  { weight: 1, arbitrary: fc.constantFrom('snapshot-start', 'snapshot-end', 'reset').map((name) => [control(name)]) },
)

/** Many rows of the crowd at once: they go, or come back with other values. */
export interface Stir {
  readonly first: number
  readonly count: number
  readonly salt: number
  readonly goes: boolean
}

export const stir: fc.Arbitrary<Stir> = fc.record({ first: fc.nat({ max: 2400 }), count: fc.constantFrom(3, 50, 300, 900), salt: fc.nat({ max: 5 }), goes: fc.boolean() })

/** Rows of a crowd, without much ado: their values follow from their numbers. */
export function crowd(count: number): unknown[] {
  return Array.from({ length: count }, (_, index) => putCrowd(index, 0))
}

/** @param size of the crowd */
export function stirred({ first, count, salt, goes }: Stir, size: number): unknown[] {
  const numbers = Array.from({ length: Math.min(count, size) }, (_, index) => (first + index) % size)
  return numbers.map((index) => (goes ? { type: 'item', key: crowdKey(index), headers: { operation: 'delete' } } : putCrowd(index, salt)))
}

const crowdKey = (index: number): string => `m${String(index).padStart(4, '0')}`

function putCrowd(index: number, salt: number): unknown {
  const dice = (index * 7919 + salt * 104_729) % 10_007
  const value = { n: NUMBERS[dice % NUMBERS.length], rank: dice % 1000, s: STRINGS[dice % STRINGS.length], at: DATES[dice % DATES.length], flag: dice % 3 === 0, owner: PEOPLE[dice % PEOPLE.length], place: { city: STRINGS[dice % 5] } }
  return { type: 'item', key: crowdKey(index), value, headers: { operation: 'upsert' } }
}

/** As it comes out of a response. */
function json(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
