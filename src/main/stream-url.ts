import { SidestreamError } from '../shared/errors.ts'

/**
 * The stream's URL: an absolute one as it is written, a relative one against the document, as `fetch` has it. It is resolved
 * here because a worker would resolve it against its own script.
 * @throws SidestreamError `INVALID_OPTIONS`
 */
export function streamUrl(url: string | URL): string {
  const text = String(url)
  // Untyped callers may leave it out; without a look at that, it would be a relative one.
  if (text === '' || (typeof url !== 'string' && Object.prototype.toString.call(url) !== '[object URL]')) throw refusal(text)
  if (resolve(text) !== null) return text
  const { document, location } = globalThis as Partial<typeof globalThis>
  const resolved = resolve(text, document?.baseURI ?? location?.href)
  if (resolved === null) throw refusal(text)
  return resolved
}

const refusal = (text: string): SidestreamError =>
  new SidestreamError('INVALID_OPTIONS', `streamOptions.url is no URL, or a relative one where there is no document: ${text}`)

function resolve(url: string, base?: string): string | null {
  try {
    return new URL(url, base).href
  } catch {
    return null
  }
}
