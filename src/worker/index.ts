import { assertRules, type Rules } from '../shared/rules.ts'
import { EXPOSE_OPTIONS, nothingExposed, startWorker, type ExposeOptions } from './start.ts'
import { validatorsOf } from './validators.ts'

export type { ExposeOptions } from './start.ts'
export type { Transform } from '../shared/transform.ts'
export type { SendAnswer, SendContext, SendWrite, SentWrite } from '../shared/send-write.ts'

const exposed = nothingExposed()

/**
 * Hands the application's schema to the worker, so that rows are validated there: a row that its collection's schema
 * refuses is quarantined. Call it while the worker's script is first evaluated. Without this call the worker takes any row.
 *
 * @example
 * ```ts
 * import { exposeStreamDB } from 'sidestream/worker'
 * import { schema } from './schema'
 * exposeStreamDB({ state: schema })
 * ```
 * @throws SidestreamError `INVALID_OPTIONS`
 */
export function exposeStreamDB(options: ExposeOptions): void {
  assertRules<ExposeOptions>(options, EXPOSE_OPTIONS satisfies Rules<ExposeOptions>, ['state'])
  exposed.validators = validatorsOf(options.state)
  exposed.transform = options.transform ?? null
  exposed.send = options.send
}

startWorker(exposed)
