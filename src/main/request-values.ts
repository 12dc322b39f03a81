import { describe, SidestreamError } from '../shared/errors.ts'
import type { RequestValues } from '../shared/calls.ts'
import { isSendable } from '../shared/rules.ts'
import type { HeadersRecord, ParamsRecord } from './options.ts'

/** An application's headers and params; functions among them are called before every request. */
export interface RequestSettings {
  readonly headers: HeadersRecord | undefined
  readonly params: ParamsRecord | undefined
}

export const hasFunctions = ({ headers, params }: RequestSettings): boolean =>
  [headers, params].some((entries) => Object.values(entries ?? {}).some((value) => typeof value === 'function'))

/** @throws SidestreamError `REQUEST_VALUES` when a function throws, or returns a value that no request can carry */
export async function resolveValues({ headers, params }: RequestSettings): Promise<RequestValues> {
  const values = { headers: await resolve('headers', headers), params: await resolve('params', params) }
  for (const [name, value] of Object.entries(values.headers)) {
    try {
      new Headers({ [name]: value })
    } catch (error) {
      throw unusable(`headers.${name}`, 'cannot be sent', error)
    }
  }
  return values
}

async function resolve(kind: keyof RequestSettings, entries: ParamsRecord = {}): Promise<Record<string, string>> {
  const resolved = await Promise.all(Object.entries(entries).map(async ([name, value]) => [name, await valueOf(`${kind}.${name}`, value)] as const))
  return Object.fromEntries(resolved.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
}

async function valueOf(name: string, value: ParamsRecord[string]): Promise<string | undefined> {
  let given: unknown
  try {
    given = typeof value === 'function' ? await value() : value
  } catch (error) {
    throw unusable(name, 'threw', error)
  }
  if (given === undefined) return undefined
  // Its text would be sent in place of a token: "null", or "[object Object]".
  if (!isSendable(given)) throw wrong(name, `gave ${given === null ? 'null' : typeof given === 'object' ? 'an object' : `a ${typeof given}`}, not a string`)
  return String(given)
}

const wrong = (name: string, how: string, cause?: unknown): SidestreamError =>
  new SidestreamError('REQUEST_VALUES', `streamOptions.${name} ${how}`, { retryable: true, cause })

const unusable = (name: string, how: string, error: unknown): SidestreamError =>
  wrong(name, `${how}: ${describe(error)}`, error)
