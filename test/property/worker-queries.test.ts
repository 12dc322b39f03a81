import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { buildOf, changes, choices, NAMES } from './worker-queries/random-query.ts'
import { World, type Build, type Shown } from './worker-queries/world.ts'

/** `SIDESTREAM_SEED=n` replays one run of worlds; `SIDESTREAM_RUNS=n` tries as many. */
const seed = Number(process.env['SIDESTREAM_SEED'] ?? 1)
const numRuns = Number(process.env['SIDESTREAM_RUNS'] ?? 300)

// TanStack DB tells of what it does slowly, and of queries that fail.
beforeAll(() => {
  vi.spyOn(console, 'warn').mockReturnValue()
  vi.spyOn(console, 'error').mockReturnValue()
})
afterAll(() => vi.restoreAllMocks())

const equals = (one: unknown, other: unknown): boolean => isDeepStrictEqual(one, other)

const outcome = (show: () => Shown): Shown | 'failed' => {
  try {
    return show()
  } catch {
    return 'failed'
  }
}

test('a query in the worker has the result that TanStack DB has, whatever is asked for and changes', () => {
  let compared = 0
  const stats: any = { unbuilt: 0, failed: 0, full: 0 }
  fc.assert(
    fc.property(choices, changes(10, 40), fc.array(changes(0, 6), { maxLength: 6 }), fc.boolean(), (list, first, later, early) => {
      const world = new World(NAMES)
      const build: Build = buildOf(list)
      if (!early) world.write(first)
      let expected: ReturnType<World['expected']>
      try {
        expected = world.expected(build)
      } catch (error) {
        stats[String(error).slice(0, 90)] ??= JSON.stringify(list)
        stats.unbuilt += 1
        // No query for TanStack DB either.
        expect(() => world.actual(build)).toThrow()
        return
      }
      const actual = world.actual(build)
      world.settle()
      if (early) world.write(first)
      for (const [index, step] of [[], ...later].entries()) {
        world.write(step)
        // Some changes come while the query is busy.
        if (index % 3 === 1) continue
        world.settle()
        const shown = outcome(expected.show)
        if (shown === 'failed') { stats.failed += 1; return }
        const k = 'rows ' + Math.min(3, Object.keys(shown.rows).length); stats[k] = (stats[k] ?? 0) + 1; stats.src = (stats.src ?? 0) + world.sources.a!.size
        const found = actual.show()
        // TanStack DB’s incremental results are wrong in a few cases. A new query over the same rows tells what is right.
        if (equals(found, shown)) stats.eq = (stats.eq ?? 0) + 1
        else {
          stats.fresh = (stats.fresh ?? 0) + 1
          const anew = world.expected(build)
          expect(found).toEqual(anew.show())
          anew.close()
        }
        compared += 1
      }
      actual.close()
      expected.close()
    }),
    { seed, numRuns },
  )
  expect(compared).toBeGreaterThan(numRuns)
  process.stdout.write(JSON.stringify(stats) + '\n')
}, 300_000)
