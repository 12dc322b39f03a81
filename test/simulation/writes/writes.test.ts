// @vitest-environment-options {"own":"simulation/writes/writes"}
import { expect, test } from 'vitest'
import { seedRange } from '../../support/seeds.ts'
import { simulateWrites, type WritesOutcome } from './simulate-writes.ts'

const { first, last } = seedRange(100)

/** Seeds of worlds in which a fault was found once. */
const FOUND = [6, 27, 47, 49, 857, 1599, 1645, 2033, 3066, 10109, 3668, 7823, 30613, 35593, 50105]

test.each(FOUND)('world of writes %i, in which a fault was found, keeps every invariant', async (seed) => {
  await simulateWrites(seed)
})

test(`worlds of writes ${String(first)} to ${String(last)} keep every invariant`, { timeout: 3_600_000 }, async () => {
  const total: Record<keyof WritesOutcome, number> = { writes: 0, acknowledged: 0, appended: 0, parked: 0, kills: 0, freezes: 0, overlaid: 0, offline: 0, shown: 0 }
  for (let seed = first; seed <= last; seed += 1) {
    const world = await simulateWrites(seed)
    for (const what of Object.keys(total) as (keyof WritesOutcome)[]) total[what] += world[what]
  }
  // The worlds have to contain what is checked: else the checks prove nothing.
  const worlds = last - first + 1
  if (worlds < 100) return
  expect(total.writes).toBeGreaterThan(15 * worlds)
  expect(total.acknowledged).toBeGreaterThan(10 * worlds)
  expect(total.appended).toBeGreaterThan(8 * worlds)
  expect(total.parked).toBeGreaterThan(worlds / 2)
  expect(total.kills).toBeGreaterThan(worlds)
  expect(total.freezes).toBeGreaterThan(worlds / 10)
  expect(total.overlaid).toBeGreaterThan(5 * worlds)
  expect(total.offline).toBeGreaterThan(worlds)
  expect(total.shown).toBeGreaterThan(3 * worlds)
})
