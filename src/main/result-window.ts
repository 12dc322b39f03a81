import { SidestreamError } from '../shared/errors.ts'
import type { ResultUtils } from '../shared/named-queries.ts'

/** The part of an ordered result; `Infinity` goes to its end. */
export interface Part {
  readonly offset: number
  readonly limit: number
}

/** TanStack DB's builder does not declare that it gives its query. */
export interface BuiltQuery {
  _getQuery(): { readonly orderBy?: ReadonlyArray<unknown>; readonly offset?: number; readonly limit?: number; readonly singleResult?: true }
}

/** @param built gives the query; null where it is not known @param move null for the query's own window */
export function resultUtils(built: () => BuiltQuery | null, move: (window: Part | null) => true | Promise<void>): ResultUtils {
  let wanted: Part | undefined
  let shown: Part | undefined
  const ownOf = (): Part | undefined => {
    const { orderBy, offset = 0, limit = Infinity, singleResult } = built()?._getQuery() ?? {}
    return orderBy && { offset, limit: singleResult ? Math.min(limit, 1) : limit }
  }
  return {
    getWindow: () => shown ?? ownOf(),
    setWindow: (options) => {
      const own = ownOf()
      if (!own) throw new SidestreamError('INVALID_QUERY', 'setWindow() needs a query with orderBy(), and the function of a named query')
      const next = { ...(wanted ?? own), ...options }
      const done = (): void => {
        if (wanted === next) shown = next
      }
      const moved = move(next.offset === own.offset && next.limit === own.limit ? null : next)
      wanted = next
      if (moved !== true) return moved.then(done)
      done()
      return true
    },
  }
}
