import { describe, SidestreamError } from '../shared/errors.ts'

/** A base in place of the document's, to find out whether a relative URL is well-formed. */
const ANY_BASE = 'http://document.invalid/'

/**
 * The stream's URL. An absolute URL stays as it is written; a relative URL is resolved against the document, as by `fetch`. It is
 * resolved here because a worker would resolve it against its own script. Without a document, as when a server renders, a
 * relative URL stays as it is: no request is made there.
 * @throws SidestreamError `INVALID_OPTIONS`, also for a URL that `fetch` cannot request from a server: the engine would try it
 *   for ever
 */
export function streamUrl(url: string | URL): string {
  const text = String(url)
  // Untyped callers may leave the URL out: `undefined` would become the relative URL `undefined`.
  if (text === '' || (typeof url !== 'string' && Object.prototype.toString.call(url) !== '[object URL]')) throw refusal(text)
  const absolute = resolve(text)
  if (absolute !== null) {
    assertUsable(absolute)
    return text
  }
  const { document, location } = globalThis as Partial<typeof globalThis>
  const base = document?.baseURI ?? location?.href
  const resolved = resolve(text, base ?? ANY_BASE)
  if (resolved === null) throw refusal(text)
  assertUsable(resolved)
  return base === undefined ? text : resolved
}

/** A URL in the form of a request, so that different spellings of one stream's URL are equal. */
export function requestUrl(url: string): string {
  const parsed = resolve(url)
  return parsed === null ? url : parsed.replace(/#.*$/, '')
}

/** @throws SidestreamError `INVALID_OPTIONS` for a relative URL, which no request can have */
export function assertAbsolute(url: string): void {
  if (resolve(url) === null) throw refusal(url)
}

function assertUsable(url: string): void {
  const { protocol, username, password } = new URL(url)
  if (username !== '' || password !== '') {
    throw new SidestreamError('INVALID_OPTIONS', 'streamOptions.url has a user or a password in it, which no request can have: hand it over in `headers`')
  }
  if (protocol !== 'http:' && protocol !== 'https:') throw new SidestreamError('INVALID_OPTIONS', `streamOptions.url is of ${protocol}, where requests are of http: or https:`)
}

const refusal = (text: string): SidestreamError =>
  new SidestreamError('INVALID_OPTIONS', `streamOptions.url is no URL, or a relative one where there is no document: ${describe(text)}`)

function resolve(url: string, base?: string): string | null {
  try {
    return new URL(url, base).href
  } catch {
    return null
  }
}
