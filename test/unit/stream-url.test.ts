import { afterEach, expect, test, vi } from 'vitest'
import { streamUrl } from '../../src/main/stream-url.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

test('an absolute URL stays as it is written: it is a name, too', () => {
  expect(streamUrl('HTTP://example.com')).toBe('HTTP://example.com')
  expect(streamUrl(new URL('https://example.com/a b'))).toBe('https://example.com/a%20b')
})

test('a relative one is resolved against the document', () => {
  vi.stubGlobal('location', { href: 'https://example.com/other' })
  expect(streamUrl('streams/a')).toBe('https://example.com/streams/a')
  vi.stubGlobal('document', { baseURI: 'https://example.com/app/page' })
  expect(streamUrl('streams/a?b=1')).toBe('https://example.com/app/streams/a?b=1')
  expect(streamUrl('/streams/a')).toBe('https://example.com/streams/a')
  expect(streamUrl('//other.example/a')).toBe('https://other.example/a')
})

test('where there is none, and for what is no URL at all, it is refused', () => {
  const refusal = expect.objectContaining({ code: 'INVALID_OPTIONS' })
  expect(() => streamUrl('/streams/a')).toThrow(refusal)
  expect(() => streamUrl('http://')).toThrow(refusal)
  expect(() => streamUrl(undefined as never)).toThrow(refusal)
  vi.stubGlobal('location', { href: 'https://example.com/' })
  for (const url of ['', undefined, null, {}, 7]) expect(() => streamUrl(url as never), String(url)).toThrow(refusal)
  vi.stubGlobal('location', { href: 'blob:https://example.com/1' })
  expect(() => streamUrl('/streams/a')).toThrow(refusal)
})
