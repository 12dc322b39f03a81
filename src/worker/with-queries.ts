import { namedQueries, versionOf, type NamedQueries } from '../shared/named-queries.ts'
import { assertRules, type Rules } from '../shared/rules.ts'
import type { StreamStateDefinition } from '../shared/state-schema.ts'
import { fromPeer } from './queries/peer-queries.ts'
import { QueryRunner } from './queries/runner.ts'
import { EXPOSE_OPTIONS, nothingExposed, startWorker, type ExposeOptions } from './start.ts'
import { validatorsOf } from './validators.ts'

export type { ExposeOptions } from './start.ts'
export { defineQueries } from '../shared/named-queries.ts'
export type { NamedQueries, NamedQuery, NamedQueryOption, QuerySources } from '../shared/named-queries.ts'
export type { Transform } from '../shared/transform.ts'
export type { SendAnswer, SendContext, SendWrite, SentWrite } from '../shared/send-write.ts'

export interface ExposeWithQueriesOptions<TDef extends StreamStateDefinition = StreamStateDefinition> extends ExposeOptions {
  state: TDef
  /** Queries that tabs ask for by name: functions, or `{ query, every }` with the shortest time between two runs, ms. */
  queries?: NamedQueries<TDef>
}

const OPTIONS = { ...EXPOSE_OPTIONS, queries: namedQueries } satisfies Rules<ExposeWithQueriesOptions>

const exposed = nothingExposed()
let named: NamedQueries = {}
// Without a call of exposeStreamDB too: a page can send queries as data.
exposed.queries = {
  get version() {
    return versionOf(named)
  },
  create: (options) => new QueryRunner({ ...options, named: fromPeer(named) }),
}

/**
 * As `exposeStreamDB` of `sidestream/worker`, for a worker that also runs queries: those that `db.query` names, and those that `db.liveQuery`
 * sends. With `sidestream/worker` in the worker file the page runs these queries itself.
 *
 * @example
 * ```ts
 * import { exposeStreamDB } from 'sidestream/worker-with-queries'
 * import { queries } from './queries'
 * import { schema } from './schema'
 * exposeStreamDB({ state: schema, queries })
 * ```
 * @throws SidestreamError `INVALID_OPTIONS`
 */
export function exposeStreamDB<TDef extends StreamStateDefinition>(options: ExposeWithQueriesOptions<TDef>): void {
  assertRules<ExposeWithQueriesOptions>(options, OPTIONS, ['state'])
  exposed.validators = validatorsOf(options.state)
  exposed.transform = options.transform ?? null
  exposed.send = options.send
  named = options.queries ?? {}
}

startWorker(exposed)
