// @vitest-environment-options {"own":"property/query-results"}
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { plan } from './query-results/plan.ts'
import { run, type Outcome } from './query-results/world.ts'
import { AliveLocks } from './subsets/alive-locks.ts'

/** `SIDESTREAM_SEED=n` replays one run of worlds; `SIDESTREAM_RUNS=n` tries as many. */
const seed = Number(process.env['SIDESTREAM_SEED'] ?? 1)
const numRuns = Number(process.env['SIDESTREAM_RUNS'] ?? 40)
/** Time within which a world comes to rest, ms; while a smaller one that fails is looked for, many do not. */
const REST_LIMIT_MS = 5000
const SHRINK_REST_LIMIT_MS = 500

const locks = new AliveLocks()

beforeAll(() => {
  vi.stubGlobal('navigator', { locks })
  // TanStack DB tells of what it does slowly.
  vi.spyOn(console, 'warn').mockReturnValue()
})
afterAll(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

test(
  'a result in the tab is that of TanStack DB over the fold of the stream, whatever is asked for, changes and dies',
  async () => {
    const outcome: Outcome = { answers: 0, large: 0, moves: 0, fallbacks: 0 }
    let hasFailed = false
    const property = fc.asyncProperty(plan, async (planned) => {
      try {
        await run(planned, { outcome, locks, restLimitMs: hasFailed ? SHRINK_REST_LIMIT_MS : REST_LIMIT_MS })
      } catch (error) {
        hasFailed = true
        throw error
      }
    })
    await fc.assert(property, { seed, numRuns, interruptAfterTimeLimit: 60_000 + numRuns * 500, markInterruptAsFailure: true })
    // Worlds in which nothing happens prove nothing.
    expect(outcome.answers).toBeGreaterThan(numRuns)
    expect(outcome.large).toBeGreaterThan(numRuns / 2)
    expect(outcome.moves).toBeGreaterThan(numRuns / 10)
    expect(outcome.fallbacks).toBeLessThan(outcome.answers / 4)
  },
  120_000 + numRuns * 500,
)
