import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonItems } from '../../src/worker/stream/json-items.ts'

const json = fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' })
/** Values that try to look like the start of another item. */
const trap = fc.constantFrom('},{"type":', ',{"type":"a"}', ']', '\\', '"', [{ type: 'a' }, { type: 'b' }], { type: [{ type: 1 }] })
const event = fc.record({ type: fc.oneof(json, trap), key: fc.string(), value: fc.oneof(json, trap) }, { requiredKeys: ['type'] })
const item = fc.oneof({ weight: 8, arbitrary: event }, { weight: 1, arbitrary: json }, { weight: 1, arbitrary: trap })

/** @param least from how many characters on a text is cut */
function parse(text: string, cuts: readonly number[], least: number): unknown {
  const bytes = new TextEncoder().encode(text)
  const items = new JsonItems(least)
  let from = 0
  for (const cut of [...cuts.map((share) => Math.floor(share * bytes.length)).sort((a, b) => a - b), bytes.length]) {
    items.take(bytes.subarray(from, cut))
    from = cut
  }
  return items.end()
}

describe('an answer that is parsed while it arrives', () => {
  const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })

  test('has the items that it has as a whole, wherever its parts begin', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 30 }), cuts, fc.constantFrom(undefined, 1), fc.nat(100), (items, at, indent, least) => {
        const text = JSON.stringify(items, null, indent)
        expect(parse(text, at, least)).toEqual(JSON.parse(text))
      }),
    )
  })

  test('is refused when it would be refused as a whole', () => {
    fc.assert(
      fc.property(fc.array(item, { minLength: 2, maxLength: 20 }), cuts, fc.double({ min: 0, max: 0.999, noNaN: true }), fc.constantFrom('', ',', '}', ']', '[', '"', '{'), fc.nat(100), (items, at, share, put, least) => {
        const whole = JSON.stringify(items)
        const place = Math.floor(share * whole.length)
        const text = whole.slice(0, place) + put + whole.slice(place + 1)
        let expected: unknown
        try {
          expected = JSON.parse(text)
        } catch {
          expect(() => parse(text, at, least)).toThrow(SyntaxError)
          return
        }
        expect(parse(text, at, least)).toEqual(Array.isArray(expected) ? expected : [expected])
      }),
    )
  })

  test.each([['', []], [' \n', []], ['[]', []], ['{"a":1}', [{ a: 1 }]], ['7', [7]], ['\ufeff[1]', [1]]])('%j', (text, items) => {
    expect(parse(text, [0.5], 1)).toEqual(items)
  })

  test('is parsed in parts: the text that is held stays small', () => {
    const text = JSON.stringify(Array.from({ length: 1000 }, (_, n) => ({ type: 'row', key: String(n) })))
    const items = new JsonItems(1000)
    let most = 0
    for (let at = 0; at < text.length; at += 500) {
      items.take(new TextEncoder().encode(text.slice(at, at + 500)))
      most = Math.max(most, items.heldCharacters)
    }
    expect(most).toBeLessThan(2000)
    expect(items.end()).toHaveLength(1000)
  })
})
