import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { buildOf, changes, choices, NAMES } from './worker-queries/random-query.ts'
import { World } from './worker-queries/world.ts'

/** `SIDESTREAM_SEED=n` replays one run of worlds; `SIDESTREAM_RUNS=n` tries as many. */
const seed = Number(process.env['SIDESTREAM_SEED'] ?? 1)
const numRuns = Number(process.env['SIDESTREAM_RUNS'] ?? 150)

// TanStack DB tells of what it does slowly.
beforeAll(() => {
  vi.spyOn(console, 'warn').mockReturnValue()
})
afterAll(() => vi.restoreAllMocks())

const step = fc.record({ changes: changes(0, 6), replaces: fc.integer({ min: 0, max: 7 }).map((one) => one === 7), rests: fc.integer({ min: 0, max: 2 }).map((one) => one < 2) })

test(
  'a query in the worker has the result that TanStack DB has, whatever is asked for and changes',
  () => {
    let compared = 0
    fc.assert(
      fc.property(choices, changes(10, 40), fc.array(step, { maxLength: 6 }), fc.boolean(), (list, first, later, isEarly) => {
        const world = new World(NAMES)
        const build = buildOf(list)
        if (!isEarly) world.write(first)
        const [expected, actual] = [world.expected(build), world.actual(build)]
        if (isEarly) world.write(first)
        for (const { changes: some, replaces, rests } of [...later, { changes: [], replaces: false, rests: true }]) {
          if (replaces) world.replace([...some, ...first])
          else world.write(some)
          if (!rests) continue
          world.settle()
          const [shown, found] = [expected.show(), actual.show()]
          if (!isDeepStrictEqual(found, shown)) {
            // A live query that has seen many changes is wrong in a few cases. A new one over the same rows is right.
            const anew = world.expected(build)
            expect(found).toEqual(anew.show())
            anew.close()
          }
          if (Object.keys(shown.rows).length > 1) compared += 1
        }
        actual.close()
        expected.close()
      }),
      { seed, numRuns },
    )
    expect(compared).toBeGreaterThan(numRuns / 2)
  },
  60_000 + numRuns * 200,
)
