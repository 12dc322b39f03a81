import { IR } from '@tanstack/db'

/** What a query is made of. A source is listed once, however often it is met; an include once for each place. */
export interface QueryParts {
  readonly sources: ReadonlyArray<IR.CollectionRef>
  /** Id of a source → at how many places the query reads from it. */
  readonly places: ReadonlyMap<string, number>
  readonly includes: ReadonlyArray<IR.IncludesSubquery>
  /** Values of rows are made by functions of the application. */
  readonly hasFunctions: boolean
}

/** All sources and includes of a query, also those of its inner queries. */
export function partsOf(query: IR.QueryIR): QueryParts {
  const sources = new Map<string, IR.CollectionRef>()
  const places = new Map<string, number>()
  const includes: IR.IncludesSubquery[] = []
  let hasFunctions = false
  const visitSource = (source: IR.From): void => {
    if (source.type === 'collectionRef') {
      sources.set(source.sourceId, source)
      places.set(source.sourceId, (places.get(source.sourceId) ?? 0) + 1)
    } else if (source.type === 'queryRef') visitQuery(source.query)
    else if (source.type === 'unionFrom') source.sources.forEach(visitSource)
    else if (source.type === 'unionAll') source.queries.forEach(visitQuery)
  }
  const visitSelect = (value: unknown): void => {
    if (value instanceof IR.IncludesSubquery) {
      includes.push(value)
      visitQuery(value.query)
    } else if (value instanceof IR.ConditionalSelect) {
      for (const branch of value.branches) visitSelect(branch.value)
      visitSelect(value.defaultValue)
    } else if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
      Object.values(value).forEach(visitSelect)
    }
  }
  const visitQuery = (visited: IR.QueryIR): void => {
    hasFunctions ||= visited.fnSelect !== undefined
    visitSource(visited.from)
    for (const { from } of visited.join ?? []) visitSource(from)
    visitSelect(visited.select)
  }
  visitQuery(query)
  return { sources: [...sources.values()], places, includes, hasFunctions }
}
