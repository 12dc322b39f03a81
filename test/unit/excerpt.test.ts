import fc from 'fast-check'
import { expect, test } from 'vitest'
import { excerpt } from '../../src/worker/core/excerpt.ts'

test('is the JSON of a value that is short', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 10 }), (value) => {
      const json: unknown = JSON.parse(JSON.stringify(value))
      expect(JSON.parse(excerpt(json, 1_000_000))).toEqual(json)
    }),
  )
})

test('is never longer than asked, but for the sign that something is missing', () => {
  fc.assert(
    fc.property(fc.anything(), fc.nat(200), (value, most) => {
      expect(excerpt(value, most).length).toBeLessThanOrEqual(most + 1)
    }),
  )
  expect(excerpt({ text: 'x'.repeat(1000) }, 20)).toBe(`{"text":"${'x'.repeat(11)}…`)
})

test('does not walk through what it does not show', () => {
  let read = 0
  const items = new Proxy(Array.from({ length: 1_000_000 }, (_, n) => n), { get: (target, name) => (read += 1, Reflect.get(target, name) as unknown) })
  excerpt(items, 100)
  expect(read).toBeLessThan(200)
})

test('shows what cannot be read as missing', () => {
  expect(excerpt({ get bad(): never { throw new Error('no') } }, 100)).toBe('{"bad":…')
  const ring: unknown[] = []
  ring.push(ring)
  expect(excerpt(ring, 100)).toContain('…')
})
