import type { RequestValues } from '../shared/protocol.ts'
import type { HeadersRecord, ParamsRecord } from './options.ts'

/** An application's headers and params; functions among them are called at every request. */
export interface RequestSettings {
  readonly headers: HeadersRecord | undefined
  readonly params: ParamsRecord | undefined
}

export const hasFunctions = ({ headers, params }: RequestSettings): boolean =>
  [headers, params].some((entries) => Object.values(entries ?? {}).some((value) => typeof value === 'function'))

export async function resolveValues({ headers, params }: RequestSettings): Promise<RequestValues> {
  return { headers: await resolve(headers), params: await resolve(params) }
}

async function resolve(entries: ParamsRecord = {}): Promise<Record<string, string>> {
  const resolved = await Promise.all(
    Object.entries(entries).map(async ([name, value]) => [name, typeof value === 'function' ? await value() : value] as const),
  )
  return Object.fromEntries(resolved.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])))
}
