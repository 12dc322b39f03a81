import { IR, type LoadSubsetOptions } from '@tanstack/db'
import { beforeEach, describe, expect, test } from 'vitest'
import { HeldSubsets } from '../../src/main/held-subsets.ts'
import type { ServedSubset, SubsetChange } from '../../src/shared/subset.ts'
import { settled } from './scripted-tab.ts'

let told: ReadonlyArray<SubsetChange>[]
let held: HeldSubsets
beforeEach(() => {
  told = []
  held = new HeldSubsets({ send: (changes) => told.push(changes), onFallback: () => undefined, hasNoRows: () => false })
})

const people = new IR.PropRef(['people'])
/** The first rows by one field; each call is a demand of its own. */
const first = (limit: number): LoadSubsetOptions => ({ orderBy: [{ expression: people, compareOptions: { direction: 'desc', nulls: 'first' } }], limit })
const matching = (people_: number): LoadSubsetOptions => ({ where: new IR.Func('eq', [people, new IR.Value(people_)]) })

const served = (id: number, rows: number | null): ServedSubset => ({ id, rows, edge: null, whole: false })
function serve(...subsets: ServedSubset[]): void {
  held.onServed(subsets, Promise.resolve())
}

describe('a subset that is let go of and held again in one task', () => {
  test('is never told to the engine, and its rows are here at once', async () => {
    const one = first(3)
    void held.load('cities', one)
    await settled()
    serve(served(1, 3))
    held.unload(one)
    expect(held.load('cities', first(3))).toBe(true)
    await settled()
    expect(told.map((changes) => changes.map(({ id, subset }) => [id, subset?.first?.rows]))).toEqual([[[1, 3]]])
    expect(held.all().length).toBe(1)
  })

  test('is not told either when it was never told before, or when it is let go of again', async () => {
    const [one, two] = [matching(1), matching(1)]
    void held.load('cities', one)
    held.unload(one)
    void held.load('cities', two)
    held.unload(two)
    await settled()
    expect(told).toEqual([])
    expect(held.all()).toEqual([])
  })

  test('is told once when it is held again as a larger one', async () => {
    const one = first(3)
    void held.load('cities', one)
    await settled()
    serve(served(1, 3))
    held.unload(one)
    expect(held.load('cities', first(5))).not.toBe(true)
    await settled()
    expect(told.slice(1).map((changes) => changes.map(({ id, subset }) => [id, subset?.first?.rows]))).toEqual([[[1, 5]]])
  })

  test('waits for the rows that it waited for', async () => {
    const one = first(3)
    void held.load('cities', one)
    await settled()
    held.unload(one)
    const again = held.load('cities', first(3))
    expect(again).not.toBe(true)
    let isHere = false
    void Promise.resolve(again).then(() => { isHere = true })
    await settled()
    expect([told.length, isHere]).toEqual([1, false])
    serve(served(1, 3))
    await settled()
    expect(isHere).toBe(true)
  })

  test('is told when an engine that was opened in between knows nothing of it', async () => {
    const one = first(3)
    void held.load('cities', one)
    await settled()
    held.unload(one)
    expect(held.all()).toEqual([])
    void held.load('cities', first(3))
    await settled()
    expect(told.slice(1).map((changes) => changes.map(({ id, subset }) => [id, subset?.first?.rows]))).toEqual([[[1, 3]]])
  })
})

describe('a subset that is let go of', () => {
  test('is told in the next task, and another one when it is held later', async () => {
    const one = first(3)
    void held.load('cities', one)
    await settled()
    serve(served(1, 3))
    held.unload(one)
    await settled()
    expect(told.at(-1)).toEqual([{ id: 1, subset: null }])
    expect(held.load('cities', first(3))).not.toBe(true)
    await settled()
    expect(told.at(-1)).toMatchObject([{ id: 2, subset: { first: { rows: 3 } } }])
  })

  test('because its collection begins anew is another one at once: its rows are gone', async () => {
    void held.load('cities', first(3))
    await settled()
    serve(served(1, 3))
    held.drop('cities')
    expect(held.load('cities', first(3))).not.toBe(true)
    await settled()
    expect(told.slice(1)).toMatchObject([[{ id: 1, subset: null }, { id: 2, subset: { first: { rows: 3 } } }]])
  })
})

test('a tie at the end of texts in a locale’s order is here with them', async () => {
  const name = new IR.PropRef(['name'])
  void held.load('cities', { orderBy: [{ expression: name, compareOptions: { direction: 'asc', nulls: 'first', stringSort: 'locale', locale: 'de', localeOptions: { sensitivity: 'base' } } }], limit: 3 })
  await settled()
  held.onServed([{ id: 1, rows: 3, edge: 'b', whole: false }], Promise.resolve())
  expect(held.load('cities', { where: new IR.Func('eq', [name, new IR.Value('B')]) })).toBe(true)
  expect(held.load('cities', { where: new IR.Func('eq', [name, new IR.Value('C')]) })).not.toBe(true)
})
