import type { LoadSubsetOptions } from '@tanstack/db'
import { encodeConstant } from '../shared/constant.ts'
import { MOST_EXPRESSION_LEVELS, type Expression, type OrderTerm, type Subset } from '../shared/subset.ts'

type TanStackExpression = NonNullable<LoadSubsetOptions['where']>
type TanStackOrder = NonNullable<LoadSubsetOptions['orderBy']>

/** An expression that cannot cross a port. */
export class UncrossableError extends Error {}

const cannotCross = (what: string): never => {
  throw new UncrossableError(`${what} cannot cross to the worker`)
}

/**
 * A request of TanStack DB as a subset, which can cross a port. An ordered request becomes a prefix, so a page is all rows up to
 * its end. A page that has only a cursor, and no offset, is all rows after the cursor.
 * @throws UncrossableError
 */
export function subsetOf(collection: string, { where, orderBy, limit, offset = 0, cursor }: LoadSubsetOptions): Subset {
  const own = where ? expressionOf(where) : null
  const [term] = orderBy ?? []
  if (cursor && (offset === 0 || limit === undefined)) {
    const follows: Expression = { type: 'func', name: 'or', args: [expressionOf(cursor.whereCurrent), expressionOf(cursor.whereFrom)] }
    return { collection, where: own ? { type: 'func', name: 'and', args: [own, follows] } : follows, first: null }
  }
  // A limit without an order may give any rows: all rows are a right answer.
  return { collection, where: own, first: term && limit !== undefined ? { order: termOf(term), rows: offset + limit } : null }
}

function termOf({ expression, compareOptions }: TanStackOrder[number]): OrderTerm {
  // Not all releases of TanStack DB have custom comparators.
  const { direction, nulls, stringSort = 'locale' } = compareOptions as Pick<OrderTerm, 'direction' | 'nulls'> & { readonly stringSort?: OrderTerm['stringSort'] | 'custom' }
  if (stringSort === 'custom') return cannotCross('a comparator of one’s own')
  const { locale, localeOptions } = compareOptions as { locale?: string; localeOptions?: object }
  return {
    expression: expressionOf(expression),
    direction,
    nulls,
    stringSort,
    locale: locale ?? null,
    localeOptions: localeOptions ? JSON.stringify(localeOptions) : null,
  }
}

function expressionOf(expression: TanStackExpression | TanStackOrder[number]['expression'], levels = MOST_EXPRESSION_LEVELS): Expression {
  if (levels === 0) return cannotCross('an expression so deeply nested')
  switch (expression.type) {
    case 'ref': {
      // Releases of TanStack DB whose paths never begin with the query's alias have no `sourceAlias`.
      const { path, sourceAlias } = expression as typeof expression & { readonly sourceAlias?: string }
      return { type: 'ref', path: sourceAlias !== undefined && path[0] === sourceAlias ? path.slice(1) : path }
    }
    case 'val':
      return { type: 'val', value: encodeConstant(expression.value, cannotCross) }
    case 'func':
      return { type: 'func', name: expression.name, args: expression.args.map((argument) => expressionOf(argument, levels - 1)) }
    default:
      return cannotCross('an expression of a kind unknown here')
  }
}
