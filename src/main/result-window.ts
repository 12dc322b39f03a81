import { SidestreamError } from '../shared/errors.ts'
import type { ResultUtils } from '../shared/named-queries.ts'

/** A window as `setWindow` takes it: the limit `Infinity` goes to the end of the result. */
export interface Part {
  readonly offset: number
  readonly limit: number
}

/** A builder of TanStack DB has this method, but does not declare it. */
export interface BuiltQuery {
  _getQuery(): { readonly orderBy?: ReadonlyArray<unknown>; readonly offset?: number; readonly limit?: number; readonly singleResult?: true }
}

/**
 * @param built gives the query; null when the page lacks the function of a named query
 * @param move shows another window; null for the query's own
 */
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
