import { SidestreamError } from '../shared/errors.ts'
import type { ResultUtils } from '../shared/named-queries.ts'
import type { ResultWindow } from '../shared/query.ts'

interface Window {
  readonly offset: number
  readonly limit: number
}

/** TanStack DB's builder does not declare that it gives its query. */
export interface BuiltQuery {
  _getQuery(): { readonly orderBy?: ReadonlyArray<unknown>; readonly offset?: number; readonly limit?: number; readonly singleResult?: true }
}

/** @param built gives the query; null where it is not known @param move null for the query's own window */
export function resultUtils(built: () => BuiltQuery | null, move: (window: ResultWindow | null) => true | Promise<void>): ResultUtils {
  let wanted: Window | undefined
  let shown: Window | undefined
  const ownOf = (): (Window & { readonly isSingle: boolean }) | undefined => {
    const { orderBy = [], offset = 0, limit = Infinity, singleResult = false } = built()?._getQuery() ?? {}
    return orderBy.length === 0 ? undefined : { offset, limit: singleResult ? Math.min(limit, 1) : limit, isSingle: singleResult }
  }
  const getWindow = (): Window | undefined => {
    const own = ownOf()
    return own && (shown ?? { offset: own.offset, limit: own.limit })
  }
  return {
    getWindow,
    setWindow: ({ offset, limit }) => {
      const own = ownOf()
      if (!own) throw new SidestreamError('INVALID_QUERY', 'setWindow() moves the window of a query that has an orderBy(), and whose function the page has')
      const before = wanted ?? own
      const next = { offset: offset ?? before.offset, limit: limit ?? before.limit }
      if (!isCount(next.offset) || !(isCount(next.limit) || next.limit === Infinity) || (own.isSingle && next.limit !== own.limit)) {
        throw new SidestreamError('INVALID_ARGUMENT', `setWindow() cannot have offset ${String(next.offset)} and limit ${String(next.limit)}`)
      }
      wanted = next
      const isOwn = next.offset === own.offset && next.limit === own.limit
      const moved = move(isOwn ? null : { offset: next.offset, limit: next.limit === Infinity ? null : next.limit })
      if (moved !== true) {
        return moved.then(() => {
          if (wanted === next) shown = next
        })
      }
      shown = next
      return true
    },
  }
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0
