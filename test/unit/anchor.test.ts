import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StreamBatch } from '../../src/shared/batch.ts'
import { AnchorCheck, anchorOf, Tail, type AnchorVerdict } from '../../src/worker/core/anchor.ts'

const batch = (items: readonly unknown[], upToDate = false): StreamBatch => ({ items, offset: 'o', upToDate, streamClosed: false })

/** Feeds items in parts of the given sizes; the last part is the stream's end. */
function feed(check: AnchorCheck, items: readonly unknown[], sizes: readonly number[]): { verdict: AnchorVerdict; fed: number } {
  let fed = 0
  for (const size of [...sizes, items.length]) {
    const part = items.slice(fed, fed + size)
    fed += part.length
    const verdict = check.take(batch(part, fed === items.length))
    if (verdict.kind !== 'more') return { verdict, fed }
  }
  throw new Error('the end of a stream is always a verdict')
}

const items = fc.array(fc.jsonValue(), { minLength: 1, maxLength: 20 })
const sizes = fc.array(fc.nat({ max: 6 }), { maxLength: 10 })

describe('an anchor', () => {
  test('recognizes its stream in any split, and hands on what follows', () => {
    fc.assert(
      fc.property(items, fc.array(fc.jsonValue(), { maxLength: 5 }), sizes, (before, after, split) => {
        const all = JSON.parse(JSON.stringify([...before, ...after])) as unknown[]
        const { verdict, fed } = feed(new AnchorCheck(anchorOf('1', '2', before)!), all, split)
        expect(verdict).toEqual({ kind: 'same', rest: all.slice(before.length, fed) })
      }),
    )
  })

  test('recognizes another stream in any split', () => {
    fc.assert(
      fc.property(items, items, sizes, (before, other, split) => {
        // Offsets are the server's business, and left out of the comparison.
        const bare = (list: unknown[]): string => JSON.stringify(list, (name, part: unknown) => (name === 'offset' ? undefined : part))
        fc.pre(bare(other.slice(0, before.length)) !== bare(before))
        expect(feed(new AnchorCheck(anchorOf('1', '2', before)!), other, split).verdict).toEqual({ kind: 'other' })
      }),
    )
  })

  test('tells apart events that differ in one character, and an order from another', () => {
    const digests = ['a', 'b', 'aa', 'ab', 'ba', ' a'].map((text) => anchorOf('1', '2', [{ text }])!.digest)
    digests.push(anchorOf('1', '2', [1, 2])!.digest, anchorOf('1', '2', [2, 1])!.digest, anchorOf('1', '2', [12])!.digest, anchorOf('1', '2', [[1, 2]])!.digest)
    expect(new Set(digests).size).toBe(digests.length)
  })

  test('is not made of nothing, nor of a batch that is costly to read again', () => {
    expect(anchorOf('1', '2', [])).toBeNull()
    expect(anchorOf('1', '2', Array.from({ length: 1000 }, () => 1))).toMatchObject({ offset: '1', events: 1000 })
    expect(anchorOf('1', '2', Array.from({ length: 1001 }, () => 1))).toBeNull()
  })

  test('is made of the end of a long batch where every event says which message it came in', () => {
    const stamped = (count: number, offset: string, first = 0): unknown[] => Array.from({ length: count }, (_, n) => ({ n: first + n, headers: { offset } }))
    const long = [...stamped(1500, '5'), ...stamped(7, '9', 1500)]
    const anchor = anchorOf('1', '9', long)!
    expect(anchor).toMatchObject({ offset: '5', events: 7 })
    expect(new AnchorCheck(anchor).take(batch([...stamped(7, '9', 1500), 'next']))).toEqual({ kind: 'same', rest: ['next'] })
    expect(new AnchorCheck(anchor).take(batch(stamped(7, '9', 1501)))).toEqual({ kind: 'other' })
  })

  test.each([
    ['a last message that is long itself', Array.from({ length: 1300 }, () => ({ headers: { offset: '9' } }))],
    ['stamps that are not the batch’s offset', Array.from({ length: 1300 }, (_, n) => ({ headers: { offset: n < 1290 ? '5' : '8' } }))],
    ['an event without a stamp before the last message', [...Array.from({ length: 1299 }, () => ({ headers: {} })), { headers: { offset: '9' } }]],
    ['items that are no objects', [...Array.from({ length: 1299 }, () => null), { headers: { offset: '9' } }]],
    ['headers that are inherited', Array.from({ length: 1300 }, () => Object.create({ headers: { offset: '9' } }) as object)],
  ])('is not made of a long batch with %s', (_, long) => {
    expect(anchorOf('1', '9', long)).toBeNull()
  })

  test('waits for more while the stream has not come to its end', () => {
    const check = new AnchorCheck(anchorOf('1', '2', [1, 2])!)
    expect(check.take(batch([]))).toEqual({ kind: 'more' })
    expect(check.take(batch([1]))).toEqual({ kind: 'more' })
    expect(check.take(batch([2, 3]))).toEqual({ kind: 'same', rest: [3] })
  })

  test('is missing in a stream that ends before it', () => {
    expect(new AnchorCheck(anchorOf('1', '2', [1, 2])!).take(batch([1], true))).toEqual({ kind: 'other' })
    expect(new AnchorCheck(anchorOf('1', '2', [1])!).take(batch([], true))).toEqual({ kind: 'other' })
  })

  test('survives being stored', () => {
    const stored = JSON.parse(JSON.stringify(anchorOf('1', '2', [{ '\ud800': 'ü' }]))) as ReturnType<typeof anchorOf>
    expect(new AnchorCheck(stored!).take(batch([{ '\ud800': 'ü' }]))).toEqual({ kind: 'same', rest: [] })
  })
})

test('is the end of a long batch where events carry the offset after their message', () => {
  const stamped = (n: number, offset: string) => ({ n, headers: { offset } })
  const items = [...Array.from({ length: 1500 }, (_, n) => stamped(n, '5')), stamped(500, '6'), stamped(501, '6')]
  const anchor = anchorOf('1', '6', items)
  expect(anchor).toMatchObject({ offset: '5', events: 2 })
  // What a server adds in one way of reading only does not count.
  const reread = [{ n: 500, headers: {} }, stamped(501, '6'), stamped(502, '7')]
  expect(new AnchorCheck(anchor!).take({ items: reread, offset: '7', upToDate: true, streamClosed: false })).toEqual({ kind: 'same', rest: [stamped(502, '7')] })
  expect(anchorOf('1', '7', items)).toBeNull()
  expect(anchorOf('1', '5', items.slice(0, 1500))).toBeNull()
})

describe('the tail of what was read', () => {
  const changes = (count: number, name: string): unknown[] => Array.from({ length: count }, (_, index) => ({ type: 'item', key: `${name}${String(index)}`, value: {}, headers: { operation: 'insert' } }))
  const mark = { headers: { control: 'snapshot-end' } }

  test('is its anchor', () => {
    let tail = Tail.EMPTY
    expect(tail.anchor).toBeNull()
    tail = tail.with({ from: '0', to: '1', items: changes(3, 'a') })
    expect(tail.anchor).toEqual(anchorOf('0', '1', changes(3, 'a')))
  })

  test('has several batches where the last ones say little, and no more than it takes', () => {
    let tail = Tail.EMPTY
    tail = tail.with({ from: '0', to: '1', items: changes(20, 'a') })
    tail = tail.with({ from: '1', to: '2', items: changes(3, 'b') })
    tail = tail.with({ from: '2', to: '3', items: [] })
    tail = tail.with({ from: '3', to: '4', items: [mark, mark] })
    expect(tail.anchor).toEqual(anchorOf('0', '4', [...changes(20, 'a'), ...changes(3, 'b'), mark, mark]))
    tail = tail.with({ from: '4', to: '5', items: changes(1, 'd') })
    expect(tail.anchor).toEqual(anchorOf('1', '5', [...changes(3, 'b'), mark, mark, ...changes(1, 'd')]))
    tail = tail.with({ from: '5', to: '6', items: changes(4, 'e') })
    expect(tail.anchor).toEqual(anchorOf('5', '6', changes(4, 'e')))
  })

  test('goes without a batch that is costly to read again', () => {
    let tail = Tail.EMPTY
    tail = tail.with({ from: '0', to: '1', items: changes(1000, 'a') })
    tail = tail.with({ from: '1', to: '2', items: changes(1, 'b') })
    expect(tail.anchor).toEqual(anchorOf('1', '2', changes(1, 'b')))
  })

  test('is the stored anchor until something is read', () => {
    const anchor = anchorOf('0', '1', [1])
    let tail = Tail.stored(anchor)
    expect(tail.anchor).toBe(anchor)
    tail = tail.with({ from: '1', to: '2', items: [2] })
    expect(tail.anchor).toEqual(anchorOf('1', '2', [2]))
  })

  test('keeps no more of a long batch than an anchor needs', async () => {
    const items = changes(100_000, 'a')
    const held = new WeakRef(items[0] as object)
    const tail = Tail.EMPTY.with({ from: '0', to: '1', items })
    expect(tail.anchor).toEqual(anchorOf('0', '1', items))
    items.length = 0
    // A WeakRef keeps its object until the task ends.
    await new Promise(setImmediate)
    setFlagsFromString('--expose-gc')
    ;(runInNewContext('gc') as () => void)()
    expect(held.deref()).toBeUndefined()
  })
})
