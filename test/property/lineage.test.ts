import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digestOf, Lineage, type Moment } from '../../src/worker/core/lineage.ts'

/** Reads events; the moment after each. */
function read(lineage: Lineage, events: ReadonlyArray<unknown>): Moment[] {
  let { seq, digest } = lineage.branches.at(-1)!
  const moments = [{ branch: lineage.id, seq, digest }]
  for (const event of events) {
    digest = digestOf(digest, event)
    seq += 1
    lineage.note(seq, digest)
    moments.push({ branch: lineage.id, seq, digest })
  }
  return moments
}

const goOn = (before: Lineage, { seq, digest }: Moment, id: string): Lineage => new Lineage([...before.branches, { id, seq, digest }])
const events = fc.array(fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null), fc.record({ a: fc.integer() })), { maxLength: 30 })

describe('a lineage', () => {
  test('holds every moment of its own reading, and of those that it continues, up to there', () => {
    fc.assert(
      fc.property(events, fc.nat(30), events, (first, cut, second) => {
        const one = Lineage.root('one')
        const moments = read(one, first)
        const from = moments[Math.min(cut, first.length)]!
        const two = goOn(one, from, 'two')
        const later = read(two, second)
        for (const moment of [...moments.slice(0, from.seq + 1), ...later]) expect(two.holds(moment)).toBe(true)
      }),
    )
  })

  test('holds what an earlier reader had read beyond it when the events are the same, and only then', () => {
    fc.assert(
      fc.property(events, fc.nat(30), fc.boolean(), (all, cut, isSame) => {
        const one = Lineage.root('one')
        const moments = read(one, all)
        const from = moments[Math.min(cut, all.length)]!
        const two = goOn(one, from, 'two')
        read(two, isSame ? all.slice(from.seq) : all.slice(from.seq).map((event) => ['another', event]))
        for (const moment of moments.slice(from.seq + 1)) expect(two.holds(moment)).toBe(isSame)
      }),
    )
  })

  test('does not hold what lies ahead, what is of a stranger, or what it has forgotten', () => {
    const one = Lineage.root('one')
    const moments = read(one, Array.from({ length: 70_000 }, (_, index) => index))
    const two = Lineage.root('two')
    read(two, Array.from({ length: 60_000 }, (_, index) => index))
    expect(two.holds(moments[60_000]!)).toBe(true)
    expect(two.holds(moments[60_001]!)).toBe(false)
    expect(two.holds(moments[20_000]!)).toBe(false)
    expect(two.holds({ ...moments[59_000]!, digest: 1 })).toBe(false)
  })

  test('tells a moment before a control event from the one after it', () => {
    const one = Lineage.root('one')
    const [, before] = read(one, ['a'])
    const stored = goOn(one, before!, 'two')
    const digest = digestOf(before!.digest, 'reset')
    expect(stored.holds({ branch: 'one', seq: 1, digest })).toBe(false)
    stored.note(1, digest)
    expect(stored.holds({ branch: 'one', seq: 1, digest })).toBe(true)
  })

  test('recognizes the last sixteen readers', () => {
    let lineage = Lineage.root('0')
    const [, moment] = read(lineage, ['a', 'b'])
    const end = { branch: '0', seq: 2, digest: digestOf(moment!.digest, 'b') }
    for (let reader = 1; reader <= 15; reader += 1) lineage = goOn(lineage, end, String(reader))
    expect(lineage.holds(moment!)).toBe(true)
    expect(goOn(lineage, end, '16').holds(moment!)).toBe(false)
  })
})

describe('a digest', () => {
  test('tells values apart', () => {
    const values = ['', 'a', 'b', 'ab', 0, 1, -1, 0.5, 1e300, Number.NaN, true, false, null, {}, [], [[]], { a: 1 }, { a: '1' }, { a: { b: 1 } }, [1], ['1'], [1, 2], [2, 1], [[1], 2], [[1, 2]]]
    expect(new Set(values.map((value) => digestOf(0, value))).size).toBe(values.length - 3)
    // Alike but for names: {} and [], { a: 1 } and [1], { a: '1' } and ['1'].
    expect(digestOf(0, { a: 1 })).toBe(digestOf(0, [1]))
  })

  test('goes by both ends of a text, and its length', () => {
    const text = 'x'.repeat(100)
    for (const other of [`y${text.slice(1)}`, `${text.slice(1)}y`, text.slice(1)]) expect(digestOf(0, other)).not.toBe(digestOf(0, text))
  })
})
