import { Query as OwnQuery, type IR, type QueryBuilder } from '@tanstack/db'
import { functionOf, type NamedQueries } from '../../shared/named-queries.ts'
import { encodeQuery, UncrossableQueryError } from '../../shared/query-data.ts'
import { decodeQuery, invalidQuery, type StandIn } from './decode-query.ts'
import type { NamedQueries as OwnQueries, QueryFunction } from './named.ts'
import * as peer from './peer.ts'

/**
 * Named queries for the query engine. When the application has another copy of TanStack DB, its functions build with that copy, and
 * the query is translated as one of a page is: what cannot cross from a page is refused here too. Only `fn.select`, `fn.where` and
 * `fn.having` are kept, of the query and of those that it reads from.
 */
export function fromPeer(named: NamedQueries, { createCollection, Query }: Peer = peer): OwnQueries {
  if ((Query as unknown) === OwnQuery) return named as OwnQueries
  return Object.fromEntries(
    Object.entries(named).map(([name, option]) => {
      const query = translated(functionOf(named, name)! as QueryFunction, { createCollection, Query })
      return [name, typeof option === 'function' || option.every === undefined ? query : { query, every: option.every }]
    }),
  )
}

/** The parts of the application's TanStack DB (the peer) that are used here. */
export type Peer = Pick<typeof peer, 'createCollection' | 'Query'>

interface Built {
  _getQuery(): IR.QueryIR
}

const translated =
  (build: QueryFunction, { createCollection, Query }: Peer): QueryFunction =>
  (_, collections, params) => {
    const peers = Object.fromEntries(Object.keys(collections).map((name) => [name, createCollection<object, string>({ id: name, getKey: () => '', sync: { sync: () => undefined }, startSync: false })]))
    const names = new Map<object, string>(Object.entries(peers).map(([name, collection]) => [collection, name]))
    const ir = (build(new Query(), peers, params) as unknown as Built)._getQuery()
    const functions: Functions[] = []
    const plain = withoutFunctions(ir, functions)
    try {
      const own = decodeQuery(encodeQuery(plain, (collection) => names.get(collection)), (name) => collections[name] as StandIn)
      putBack(own, functions)
      return { _getQuery: () => own } as unknown as QueryBuilder<never>
    } catch (error) {
      throw error instanceof UncrossableQueryError ? invalidQuery(error.message, error) : error
    }
  }

const isQuery = <T extends { readonly type: string }>(from: T): from is T & IR.QueryRef => from.type === 'queryRef'

type Functions = Pick<IR.QueryIR, 'fnSelect' | 'fnWhere' | 'fnHaving'>

/** The same query without JavaScript functions. @param functions gets those of each query in it, in the order of {@link inner} */
function withoutFunctions({ fnSelect, fnWhere, fnHaving, ...query }: IR.QueryIR, functions: Functions[]): IR.QueryIR {
  functions.push({ ...(fnSelect && { fnSelect }), ...(fnWhere && { fnWhere }), ...(fnHaving && { fnHaving }) })
  return inner(query, (each) => withoutFunctions(each, functions))
}

function putBack(query: IR.QueryIR, functions: Functions[]): void {
  Object.assign(query, functions.shift())
  inner(query, (each) => {
    putBack(each, functions)
    return each
  })
}

/** The same query with others in place of those that it reads from, and of those of its child rows. */
function inner(query: IR.QueryIR, change: (query: IR.QueryIR) => IR.QueryIR): IR.QueryIR {
  const source = <T extends { readonly type: string }>(from: T): T => (isQuery(from) ? { ...from, query: change(from.query) } : from)
  const { from, join, select } = query
  const sources =
    from.type === 'unionAll' ? { ...from, queries: from.queries.map((each) => change(each)) } : from.type === 'unionFrom' ? { ...from, sources: from.sources.map(source) } : source(from)
  return { ...query, from: sources as IR.From, ...(join && { join: join.map((clause) => ({ ...clause, from: source(clause.from) })) }), ...(select && { select: selected(select, change) as IR.Select }) }
}

function selected(value: unknown, change: (query: IR.QueryIR) => IR.QueryIR): unknown {
  if (typeof value !== 'object' || value === null) return value
  // Fields of an object may be named `type`: only a node of a query has a class of its own, which another copy cannot know.
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype === Object.prototype || prototype === null) return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, selected(field, change)]))
  const node = value as IR.SelectValueExpression & object
  if (node.type === 'includesSubquery') return changed(node, { query: change((node).query) })
  if (node.type !== 'conditionalSelect') return value
  const { branches, defaultValue } = node
  return changed(node, { branches: branches.map((branch) => ({ ...branch, value: selected(branch.value, change) })), defaultValue: selected(defaultValue, change) })
}

/** A copy of the same class. */
const changed = (node: object, change: object): unknown => Object.assign(Object.create(Object.getPrototypeOf(node) as object) as object, node, change)
