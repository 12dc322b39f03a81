import type { IncomingHttpHeaders } from 'node:http'
import type { LoggedRequest } from './request-log.ts'

/** `true` lets a request through; `false` is a 401; a number is that status. */
export type TokenRule = (token: string | null, request: LoggedRequest) => boolean | number

/** A string is the only valid token; `null` asks for no token. */
export type TokenDemand = string | TokenRule | null

/** The status to refuse with, or `null` to let the request through. */
export function refusal(demand: TokenDemand, request: LoggedRequest): number | null {
  if (demand === null) return null
  const token = bearerToken(request.headers)
  const verdict = typeof demand === 'string' ? token === demand : demand(token, request)
  if (typeof verdict === 'number') return verdict
  return verdict ? null : 401
}

function bearerToken(headers: IncomingHttpHeaders): string | null {
  return /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? null
}
