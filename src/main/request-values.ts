import type { RequestParts, RequestValues } from '../shared/protocol.ts'
import type { HeadersRecord, ParamsRecord } from './options.ts'

type Entries = HeadersRecord | ParamsRecord | undefined

/** What of an application's headers and params is constant, and whether there are functions to be asked. */
export function requestParts(headers: HeadersRecord | undefined, params: ParamsRecord | undefined): RequestParts {
  const [constantHeaders, constantParams] = [constants(headers), constants(params)]
  const isDynamic = (entries: Entries): boolean => Object.values(entries ?? {}).some((value) => typeof value === 'function')
  return { headers: constantHeaders, params: constantParams, dynamic: isDynamic(headers) || isDynamic(params) }
}

/** Calls the functions among an application's headers and params. */
export async function resolveFunctions(headers: HeadersRecord | undefined, params: ParamsRecord | undefined): Promise<RequestValues> {
  const [resolvedHeaders, resolvedParams] = await Promise.all([resolve(headers), resolve(params)])
  return { headers: resolvedHeaders, params: resolvedParams }
}

function constants(entries: Entries): Record<string, string> {
  return Object.fromEntries(Object.entries(entries ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

async function resolve(entries: Entries): Promise<Record<string, string>> {
  const functions = Object.entries(entries ?? {}).filter((entry): entry is [string, () => string | Promise<string>] => typeof entry[1] === 'function')
  return Object.fromEntries(await Promise.all(functions.map(async ([name, call]) => [name, String(await call())] as const)))
}
