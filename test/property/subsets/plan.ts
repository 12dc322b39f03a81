import fc from 'fast-check'
import type { SyncMode } from '../../../src/shared/state-schema.ts'
import { beginning, message, type Stir, stir } from './events.ts'
import { query, window, type Query, type Window } from './queries.ts'

/** How a query is begun and ended: `preloaded` and cleaned up at once, or `subscribed` to and left to be collected. */
export type Manner = 'preloaded' | 'subscribed'

/** What a transaction of the page's changes until it fails: a row that the tab holds, or one of its own. */
export interface Optimism {
  readonly change: 'insert' | 'update' | 'delete'
  readonly pick: number
  readonly row: Readonly<Record<string, unknown>>
  /** Turns until it fails. */
  readonly lasts: number
}

/** What happens, and how many turns pass after it. */
export type Step = { readonly turns: number } & (
  | { readonly act: 'append'; readonly items: readonly unknown[] }
  | { readonly act: 'stir'; readonly stir: Stir }
  | { readonly act: 'remake'; readonly items: readonly unknown[] }
  | { readonly act: 'mount'; readonly tab: number; readonly query: Query; readonly manner: Manner }
  | { readonly act: 'unmount'; readonly which: number }
  | { readonly act: 'move'; readonly which: number; readonly to: Window }
  | { readonly act: 'hope'; readonly tab: number; readonly optimism: Optimism }
  | { readonly act: 'preload' | 'unmount-all' | 'clean-up' | 'reopen'; readonly tab: number }
  | { readonly act: 'restart' | 'kill' | 'offline' | 'online' | 'rest' }
)

/** A world before it begins. */
export interface Plan {
  /** The tabs' modes. */
  readonly tabs: ReadonlyArray<SyncMode>
  readonly isCached: boolean
  readonly beginning: readonly unknown[]
  /** Rows beside those: so many that the engine begins to make indexes, and to know only the first ones of an order. */
  readonly crowd: number
  readonly steps: ReadonlyArray<Step>
}

const tab = fc.nat({ max: 2 })
const which = fc.nat({ max: 9 })
const manner = fc.constantFrom<Manner>('preloaded', 'subscribed')
const turns = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 12 }) })
const optimism: fc.Arbitrary<Optimism> = fc.record({
  change: fc.constantFrom('insert', 'update', 'delete'),
  pick: fc.nat({ max: 99 }),
  row: fc.record({ n: fc.integer({ min: -9, max: 9 }), rank: fc.nat({ max: 999 }) }),
  lasts: fc.integer({ min: 0, max: 15 }),
})

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ act: fc.constant('append'), items: message, turns }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('stir'), stir, turns }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('remake'), items: message, turns }) },
  { weight: 24, arbitrary: fc.record({ act: fc.constant('mount'), tab, query, manner, turns }) },
  { weight: 8, arbitrary: fc.record({ act: fc.constant('unmount'), which, turns }) },
  { weight: 12, arbitrary: fc.record({ act: fc.constant('move'), which, to: window, turns }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('hope'), tab, optimism, turns }) },
  { weight: 18, arbitrary: fc.record({ act: fc.constant('rest'), turns }) },
  { weight: 6, arbitrary: fc.record({ act: fc.constantFrom('preload', 'unmount-all', 'clean-up', 'reopen'), tab, turns }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constantFrom('offline', 'online', 'online'), turns }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constantFrom('restart', 'kill'), turns }) },
) as fc.Arbitrary<Step>

export const plan: fc.Arbitrary<Plan> = fc.record({
  tabs: fc.array(fc.constantFrom<SyncMode>('on-demand', 'on-demand', 'progressive', 'eager'), { minLength: 1, maxLength: 3 }),
  isCached: fc.boolean(),
  beginning,
  crowd: fc.oneof({ weight: 11, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(400, 2500) }),
  steps: fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }),
})
