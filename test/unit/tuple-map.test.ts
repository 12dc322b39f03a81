import { describe, expect, test } from 'vitest'
import { TupleMap } from '../../src/worker/queries/tuple-map.ts'

describe('a map with lists of values as keys', () => {
  test('has an item for each list', () => {
    const map = new TupleMap<string>()
    const keys = [['a', 1], ['a', '1'], ['b', 1], [null, undefined], [undefined, null]]
    for (const key of keys) map.set(key, JSON.stringify(key.map(String)))
    for (const key of keys) expect(map.get([...key])).toBe(JSON.stringify(key.map(String)))
    expect(map.get(['b', '1'])).toBeUndefined()
    expect(map.get(['c', 1])).toBeUndefined()
  })

  test('replaces an item, and forgets one', () => {
    const map = new TupleMap<number>()
    map.set(['a', 1], 1)
    map.set(['a', 2], 2)
    map.set(['a', 1], 3)
    map.delete(['a', 2])
    map.delete(['b', 2])
    expect([map.get(['a', 1]), map.get(['a', 2])]).toEqual([3, undefined])
    map.delete(['a', 1])
    map.set(['a', 2], 4)
    expect([map.get(['a', 1]), map.get(['a', 2])]).toEqual([undefined, 4])
  })

  test('takes lists of one value', () => {
    const map = new TupleMap<number>()
    map.set(['a'], 1)
    expect(map.get(['a'])).toBe(1)
    map.delete(['a'])
    expect(map.get(['a'])).toBeUndefined()
  })
})
