import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isChangeEvent, parseStateEvent, type StateEvent } from '../../src/shared/events.ts'
import type { RowDiff } from '../../src/shared/row-diff.ts'
import type { RowData } from '../../src/shared/row.ts'
import { Lineage } from '../../src/worker/core/lineage.ts'
import { diffStates, emptyState, materialize, type Materialized, type MaterializeOptions, type State } from '../../src/worker/core/materialize.ts'
import { Removals } from '../../src/worker/core/removals.ts'
import { naiveFold, type PlainRows } from '../support/naive-fold.ts'
import { schema } from '../support/schema.ts'

const RUNS = { numRuns: 1000 }

const SHAPES = Object.entries(schema).map(([name, { type, primaryKey }]) => ({ name, type, primaryKey }))
/** A schema that refuses rows with a field `bad`. */
const refuses = (_: string, value: unknown): boolean => Object.hasOwn(value as object, 'bad')
const RULES: MaterializeOptions = {
  byType: new Map(SHAPES.map((shape) => [shape.type, shape])),
  validators: new Map(SHAPES.map(({ name }) => [name, (value: unknown) => (refuses(name, value) ? 'it is bad' : null)])),
}

// Few keys, so that events meet; names that objects have, so that none is taken for more than a name.
const KEYS = ['1', '2', '3', '__proto__', 'constructor', 'ключ']
const key = fc.constantFrom(...KEYS)
const fields = fc.dictionary(fc.constantFrom('id', 'name', 'a', '__proto__', 'constructor', 'toString', ''), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 4, noNullPrototype: true })
const value = fc.oneof(
  { weight: 12, arbitrary: fields },
  { weight: 1, arbitrary: fields.map((row) => ({ ...row, bad: true })) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 1 }) },
)
const change = fc.record(
  {
    type: fc.oneof({ weight: 10, arbitrary: fc.constantFrom('user', 'item') }, { weight: 1, arbitrary: fc.constantFrom('other', '__proto__', 'constructor') }),
    key,
    value,
    headers: fc.record(
      { operation: fc.constantFrom('insert', 'update', 'upsert', 'delete'), txid: fc.constantFrom('t1', 't2', null), offset: fc.constantFrom('1', 2) },
      { requiredKeys: ['operation'] },
    ),
  },
  { requiredKeys: ['type', 'key', 'headers', 'value'] },
)
const control = fc.record({ headers: fc.record({ control: fc.constantFrom('reset', 'snapshot-start', 'snapshot-end', 'snapshot-start', 'snapshot-end') }) })
/** A change event with one thing wrong, or perhaps not. */
const damaged = fc.tuple(change, fc.constantFrom('type', 'key', 'value', 'headers'), fc.option(fc.jsonValue({ maxDepth: 2 }), { nil: undefined })).map(([event, field, junk]) => ({ ...event, [field]: junk }))
/** As it comes out of a response: JSON. */
const item: fc.Arbitrary<unknown> = fc
  .oneof({ weight: 14, arbitrary: change }, { weight: 2, arbitrary: control }, { weight: 2, arbitrary: damaged }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) })
  .map((event) => JSON.parse(JSON.stringify(event) ?? 'null') as unknown)
const items = fc.array(item, { maxLength: 40 })
const split = fc.array(fc.nat({ max: 12 }), { maxLength: 20 })

function inParts<T>(all: readonly T[], sizes: readonly number[]): T[][] {
  const parts: T[][] = []
  let start = 0
  for (const size of sizes) {
    parts.push(all.slice(start, start + size))
    start += size
  }
  return [...parts, all.slice(start)]
}

/** Rows as the naive fold has them: without `_seq`. */
const plain = ({ rows }: State): PlainRows =>
  Object.fromEntries([...rows].map(([name, of]) => [name, Object.fromEntries([...of].map(([id, row]) => [id, Object.fromEntries(Object.entries(row).filter(([field]) => field !== '_seq'))]))]))
/** As it is stored and read again. */
const copyOf = ({ lineage, rows, marks, removals }: State): State => ({ lineage: new Lineage([...lineage.branches, { id: 'copy', seq: marks.seq, digest: marks.digest }]), ...structuredClone({ rows, marks }), removals: new Removals(structuredClone(removals.stored())) })

/** The rows that a reader has who applies every diff. */
type Reader = Map<string, Map<string, RowData>>
const newReader = (): Reader => new Map(SHAPES.map(({ name }) => [name, new Map<string, RowData>()]))
function read(reader: Reader, diff: RowDiff): void {
  for (const { collection, rows, deleted } of diff.drain(Infinity)) {
    const target = reader.get(collection)!
    for (const row of rows) target.set(row['id'] as string, row)
    for (const gone of deleted) target.delete(gone)
  }
}
const sorted = (rows: ReadonlyMap<string, ReadonlyMap<string, RowData>>): unknown => [...rows].map(([name, of]) => [name, [...of].sort(([a], [b]) => (a < b ? -1 : 1))])

function fold(all: readonly unknown[], sizes: readonly number[] = []): { state: State; results: Materialized[]; reader: Reader } {
  const state = emptyState(SHAPES, 'reading')
  const reader = newReader()
  const results = inParts(all, sizes).map((part, index) => {
    const result = materialize(state, part, String(index), RULES)
    read(reader, result.diff)
    return result
  })
  return { state, results, reader }
}

describe('materialize', () => {
  test('ends with the naive fold’s rows, whatever the items and however they come in batches', () => {
    fc.assert(
      fc.property(items, split, (all, sizes) => {
        expect(plain(fold(all, sizes).state)).toEqual(naiveFold(all, refuses))
      }),
      RUNS,
    )
  })

  test('gives diffs that turn a reader’s rows into the state’s', () => {
    fc.assert(
      fc.property(items, split, (all, sizes) => {
        const { state, reader } = fold(all, sizes)
        expect(sorted(reader)).toEqual(sorted(state.rows))
      }),
      RUNS,
    )
  })

  test('does not depend on how the items are split into batches: rows, `_seq` and marks are the same', () => {
    fc.assert(
      fc.property(items, split, (all, sizes) => {
        const [whole, parts] = [fold(all), fold(all, sizes)]
        expect(sorted(parts.state.rows)).toEqual(sorted(whole.state.rows))
        expect(parts.state.marks).toEqual(whole.state.marks)
      }),
      RUNS,
    )
  })

  test('can be taken up again from a stored copy after any batch', () => {
    fc.assert(
      fc.property(items, split, (all, sizes) => {
        let state = emptyState(SHAPES, 'reading')
        for (const part of inParts(all, sizes)) {
          materialize(state, part, '1', RULES)
          state = copyOf(state)
        }
        const { state: whole } = fold(all)
        expect(sorted(state.rows)).toEqual(sorted(whole.rows))
        expect(state.marks).toEqual(whole.marks)
      }),
      RUNS,
    )
  })

  test('counts every item once: taken in, unknown or quarantined', () => {
    fc.assert(
      fc.property(items, split, (all, sizes) => {
        const { state, results } = fold(all, sizes)
        let [malformed, unknown, refused] = [0, 0, 0]
        const txids = new Set<string>()
        for (const event of all as StateEvent[]) {
          const parsed = parseStateEvent(event)
          if (parsed.kind === 'malformed') malformed += 1
          if (!isChangeEvent(event)) continue
          const known = RULES.byType.has(event.type)
          const isRow = typeof event.value === 'object' && event.value !== null && !Array.isArray(event.value)
          const isTaken = event.headers.operation === 'delete' || (isRow && !refuses('', event.value))
          if (!known) unknown += 1
          else if (!isTaken) refused += 1
          if ((!known || isTaken) && typeof event.headers.txid === 'string') txids.add(event.headers.txid)
        }
        expect(state.marks.unknown).toBe(unknown)
        expect(state.marks.quarantined.count).toBe(malformed + refused)
        expect(results.flatMap(({ invalid }) => invalid).length).toBe(malformed + refused)
        expect(state.marks.quarantined.lastReason === null).toBe(malformed + refused === 0)
        expect(new Set(results.flatMap((result) => result.txids))).toEqual(txids)
      }),
      RUNS,
    )
  })

  test('numbers rows uniquely, in the order of their events', () => {
    fc.assert(
      fc.property(items, (all) => {
        const { state } = fold(all)
        const numbers = [...state.rows.values()].flatMap((rows) => [...rows.values()].map((row) => row['_seq'] as number))
        expect(new Set(numbers).size).toBe(numbers.length)
        expect(numbers.every((seq) => Number.isInteger(seq) && seq >= 0 && seq < state.marks.seq)).toBe(true)
        for (const rows of state.rows.values()) for (const [id, row] of rows) expect(row['id']).toBe(id)
      }),
      RUNS,
    )
  })

  test('leaves the items as they were, and pollutes no prototype', () => {
    fc.assert(
      fc.property(items, (all) => {
        const before = JSON.stringify(all)
        const { state } = fold(all)
        expect(JSON.stringify(all)).toBe(before)
        expect(Object.keys(Object.prototype)).toEqual([])
        for (const rows of state.rows.values()) for (const row of rows.values()) expect(Object.getPrototypeOf(row)).toBe(Object.prototype)
      }),
      RUNS,
    )
  })

  test('survives items that no JSON can be', () => {
    fc.assert(
      fc.property(fc.array(fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withSparseArray: true, withTypedArray: true }), { maxLength: 20 }), (all) => {
        const { state } = fold(all)
        expect(plain(state)).toEqual(naiveFold(all, refuses))
      }),
      RUNS,
    )
  })
})

describe('diffStates', () => {
  test('turns any state into any other', () => {
    fc.assert(
      fc.property(items, items, (some, others) => {
        const { state: before, reader } = fold(some)
        const { state: after } = fold(others)
        const contents = () => structuredClone([before, after].map(({ rows, marks }) => ({ rows, marks })))
        const copies = contents()
        read(reader, diffStates(before, after))
        expect(sorted(reader)).toEqual(sorted(after.rows))
        expect(contents()).toEqual(copies)
      }),
      RUNS,
    )
  })

  test('mentions each row once', () => {
    fc.assert(
      fc.property(items, items, (some, others) => {
        const { state: before } = fold(some)
        const { state: after } = fold(others)
        for (const { collection, rows, deleted } of diffStates(before, after).drain(Infinity)) {
          const mentioned = [...rows.map((row) => row['id'] as string), ...deleted]
          expect(new Set(mentioned).size).toBe(mentioned.length)
          expect(mentioned.length).toBe(new Set([...before.rows.get(collection)!.keys(), ...after.rows.get(collection)!.keys()]).size)
        }
      }),
      RUNS,
    )
  })
})
