// @vitest-environment-options {"own":"property/query-results"}
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { plan } from './query-results/plan.ts'
import { run, type Outcome } from './query-results/world.ts'
import { AliveLocks } from './subsets/alive-locks.ts'

/** `SIDESTREAM_SEED=n` replays one run of worlds; `SIDESTREAM_RUNS=n` tries as many. */
const seed = Number(process.env['SIDESTREAM_SEED'] ?? 1)
const worlds = Number(process.env['SIDESTREAM_RUNS'] ?? 40)
/** Worlds at a time: each waits 200 ms for the page to take another worker. */
const AT_ONCE = 8
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
    const property = fc.asyncProperty(fc.array(plan, { minLength: 1, maxLength: AT_ONCE, size: 'max' }), async (planned) => {
      try {
        await Promise.all(planned.map((each) => run(each, { outcome, locks, restLimitMs: hasFailed ? SHRINK_REST_LIMIT_MS : REST_LIMIT_MS })))
      } catch (error) {
        hasFailed = true
        throw error
      }
    })
    await fc.assert(property, { seed, numRuns: Math.ceil((2 * worlds) / AT_ONCE), interruptAfterTimeLimit: 60_000 + worlds * 500, markInterruptAsFailure: true })
    // Worlds in which nothing happens prove nothing.
    expect(outcome.answers).toBeGreaterThan(worlds)
    expect(outcome.large).toBeGreaterThan(worlds / 2)
    expect(outcome.moves).toBeGreaterThan(worlds / 10)
    expect(outcome.fallbacks).toBeLessThan(outcome.answers / 4)
  },
  120_000 + worlds * 500,
)
