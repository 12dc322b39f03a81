// @vitest-environment-options {"own":"unit/stream-url"}
import { afterEach, expect, test, vi } from 'vitest'
import { createStreamDB } from '../../src/main/index.ts'
import type { ConnectMessage } from '../../src/shared/calls.ts'
import { assertAbsolute, requestUrl, streamUrl } from '../../src/main/stream-url.ts'

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

test('a worker, whose script may be elsewhere, is told the URL that the document makes of it', async () => {
  vi.stubGlobal('location', { href: 'https://example.com/app/page' })
  let tell: (message: ConnectMessage) => void = () => undefined
  const told = new Promise<ConnectMessage>((resolve) => (tell = resolve))
  const worker = { postMessage: tell, addEventListener: () => undefined, removeEventListener: () => undefined, terminate: () => undefined }
  const db = createStreamDB({ streamOptions: { url: '../streams/a' }, state: {}, worker: () => worker as unknown as Worker })
  db.preload().catch(() => undefined)
  expect((await told).hello.settings.url).toBe('https://example.com/streams/a')
  db.close()
})

const refusal = expect.objectContaining({ code: 'INVALID_OPTIONS' })

test('where there is none, a relative one stays as it is, and nothing can be asked for it', () => {
  expect(streamUrl('/streams/a')).toBe('/streams/a')
  expect(requestUrl('/streams/a')).toBe('/streams/a')
  expect(() => { assertAbsolute('/streams/a') }).toThrow(refusal)
  assertAbsolute('http://example.com/a')
})

test('requests know nothing of a fragment', () => {
  expect(requestUrl('HTTP://example.com?a#b#c')).toBe('http://example.com/?a')
})

test.each(['ftp://example.com/s', 'data:text/plain,x', 'file:///s', 'ws://example.com/s'])('what no request can use is refused: %s', (url) => {
  expect(() => streamUrl(url)).toThrow(refusal)
})

test('what has a user and a password in it is refused, without a word of them', () => {
  vi.stubGlobal('location', { href: 'https://example.com/' })
  for (const url of ['https://ada:canary@example.com/s', 'https://canary@example.com/s', '//ada:canary@example.com/s', 'https://ada:canary@', 'ftp://ada:canary@example.com/s?canary']) {
    expect(() => streamUrl(url), url).toThrow(refusal)
    expect(() => streamUrl(url), url).toThrow(expect.objectContaining({ message: expect.not.stringContaining('canary') }))
  }
})

test('what is no URL at all is refused', () => {
  expect(() => streamUrl('http://')).toThrow(refusal)
  expect(() => streamUrl(undefined as never)).toThrow(refusal)
  vi.stubGlobal('location', { href: 'https://example.com/' })
  for (const url of ['', undefined, null, {}, 7]) expect(() => streamUrl(url as never), String(url)).toThrow(refusal)
  vi.stubGlobal('location', { href: 'blob:https://example.com/1' })
  expect(() => streamUrl('/streams/a')).toThrow(refusal)
})
