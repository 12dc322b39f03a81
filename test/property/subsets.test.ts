// @vitest-environment-options {"own":"property/subsets"}
import 'fake-indexeddb/auto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { seedRange } from '../support/seeds.ts'
import { AliveLocks } from './subsets/alive-locks.ts'
import { plan } from './subsets/plan.ts'
import { NOTHING, run } from './subsets/world.ts'

const { first, last } = seedRange(60)
/** Time within which a world comes to rest, ms; while a smaller one that fails is looked for, many do not. */
const REST_LIMIT_MS = 5000
const SHRINK_REST_LIMIT_MS = 1000
/** What finding a smaller world that fails may take, ms. */
const SHRINK_LIMIT_MS = Number(process.env['SIDESTREAM_SHRINK_MS'] ?? 120_000)

const locks = new AliveLocks()

beforeAll(() => {
  vi.stubGlobal('navigator', { locks })
  // TanStack DB recommends an index for every window.
  vi.spyOn(console, 'warn').mockImplementation(() => undefined)
})
afterAll(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

test(`live queries show the fold of the stream in worlds ${String(first)} to ${String(last)}, whatever is asked for, changes, comes and goes`, { timeout: 3_600_000 }, async () => {
  const outcome = { ...NOTHING }
  for (let seed = first; seed <= last; seed += 1) {
    let runs = 0
    const property = fc.asyncProperty(plan, (planned) => run(planned, { outcome, locks, restLimitMs: (runs += 1) === 1 ? REST_LIMIT_MS : SHRINK_REST_LIMIT_MS }))
    await fc.assert(property, { seed, numRuns: 1, unbiased: true, interruptAfterTimeLimit: SHRINK_LIMIT_MS, markInterruptAsFailure: true })
  }
  // Worlds in which nothing happens prove nothing.
  const worlds = last - first + 1
  if (worlds >= 50) {
    expect(outcome.answers).toBeGreaterThan(5 * worlds)
    expect(outcome.rows).toBeGreaterThan(30 * worlds)
    if (process.env['SIDESTREAM_TANSTACK_DB'] !== '0.8') expect(outcome.moves).toBeGreaterThan(worlds / 2)
    expect(outcome.unmounts).toBeGreaterThan(worlds / 2)
    expect(outcome.exact).toBeGreaterThan(worlds / 10)
    expect(outcome.empty).toBeGreaterThan(worlds)
  }
})
