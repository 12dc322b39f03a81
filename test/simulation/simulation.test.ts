// @vitest-environment-options {"own":"simulation/simulation"}
import { expect, test } from 'vitest'
import { seedRange } from '../support/seeds.ts'
import { simulate } from './simulate.ts'

const { first, last } = seedRange(500)

/** Worlds beyond the usual ones in which a fault was found. */
const FOUND = [196, 1075, 5459, 6158, 30841, 32680, 36206, 41644]

test.each(FOUND)('world %i, in which a fault was found, keeps every invariant', async (seed) => {
  await simulate(seed)
})

test(`worlds ${String(first)} to ${String(last)} keep every invariant`, { timeout: 3_600_000 }, async () => {
  const total = { commits: 0, batches: 0, kills: 0, freezes: 0, steals: 0, failovers: 0, txids: 0, pauses: 0, answers: 0, clears: 0, failedClears: 0 }
  for (let seed = first; seed <= last; seed += 1) {
    const world = await simulate(seed)
    for (const what of Object.keys(total) as (keyof typeof total)[]) total[what] += world[what]
  }
  // Worlds in which nothing happens prove nothing.
  const worlds = last - first + 1
  if (worlds >= 100) {
    expect(total.commits).toBeGreaterThan(1.8 * worlds)
    expect(total.batches).toBeGreaterThan(5 * worlds)
    expect(total.kills).toBeGreaterThan(worlds)
    expect(total.freezes).toBeGreaterThan(worlds)
    expect(total.steals).toBeGreaterThan(worlds / 10)
    expect(total.failovers).toBeGreaterThan(worlds)
    expect(total.txids).toBeGreaterThan(worlds)
    expect(total.pauses).toBeGreaterThan(worlds / 500)
    expect(total.answers).toBeGreaterThan(worlds)
    expect(total.clears).toBeGreaterThan(worlds / 20)
    expect(total.failedClears).toBeGreaterThan(worlds / 200)
  }
})
