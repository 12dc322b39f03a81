import fc from 'fast-check'
import { changes, choices } from '../worker-queries/random-query.ts'
import type { Changes } from '../worker-queries/world.ts'

/** The window that a query is moved to. */
export interface Part {
  readonly offset: number
  readonly limit: number
}

/** What happens, and how many turns pass after it. */
export type Step = { readonly turns: number } & (
  | { readonly act: 'append'; readonly changes: Changes }
  | { readonly act: 'move'; readonly which: number; readonly part: Part }
  | { readonly act: 'mount'; readonly tab: number; readonly query: ReadonlyArray<number> }
  | { readonly act: 'unmount'; readonly which: number }
  | { readonly act: 'kill' | 'rest' }
)

/** A world before it begins. */
export interface Plan {
  readonly tabs: number
  readonly beginning: Changes
  /** The queries of the first tab. */
  readonly queries: ReadonlyArray<ReadonlyArray<number>>
  readonly before: ReadonlyArray<Step>
  /** After the engine was replaced. */
  readonly after: ReadonlyArray<Step>
}

const turns = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 20 }) })
const which = fc.nat({ max: 9 })

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ act: fc.constant('append'), changes: changes(1, 6), turns }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant('move'), which, part: fc.record({ offset: fc.nat({ max: 3 }), limit: fc.nat({ max: 4 }) }), turns }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('mount'), tab: fc.nat({ max: 1 }), query: choices, turns }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('unmount'), which, turns }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constantFrom('kill', 'rest', 'rest'), turns }) },
) as fc.Arbitrary<Step>

export const plan: fc.Arbitrary<Plan> = fc.record({
  tabs: fc.integer({ min: 1, max: 2 }),
  beginning: changes(10, 40),
  queries: fc.array(choices, { minLength: 1, maxLength: 3 }),
  before: fc.array(step, { maxLength: 6 }),
  after: fc.array(step, { maxLength: 6 }),
})
