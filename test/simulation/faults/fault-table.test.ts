// @vitest-environment-options {"own":"simulation/faults/fault-table"}
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { CASES } from './cases.ts'
import { measure, type Measured, type Moment } from './measure.ts'
import { differences, tableIn, tableOf, withTable } from './table.ts'

const PAGE = fileURLToPath(new URL('../../../docs/faults.md', import.meta.url))
/** `SIDESTREAM_WRITE_FAULTS=1` writes what is measured into the page. */
const writes = process.env['SIDESTREAM_WRITE_FAULTS'] === '1'

/** Attempts in the first minute, and per minute afterwards. */
const MOST_ATTEMPTS = { first: 24, later: 12 }
const RECOVERY_MS = 60_000

describe.each<Moment>(['with-rows', 'first-visit'])('a server that misbehaves (%s)', (moment) => {
  const cases = CASES.filter(({ onlyWithRows }) => moment === 'with-rows' || !onlyWithRows)
  const measured: Measured[] = []
  beforeAll(async () => {
    measured.push(...(await measure(cases, moment)))
  }, 120_000)

  test.each(cases.map((of, index) => [of.title, of, index] as const))('%s: asked seldom enough, and goes on when that is over', (_, { perAttempt = 1, recoversWithinMs = RECOVERY_MS }, index) => {
    const { requestsOfFirstMinute, requestsPerMinuteLater, recoveredAfterS } = measured[index]!
    expect(requestsOfFirstMinute / perAttempt).toBeLessThanOrEqual(MOST_ATTEMPTS.first)
    expect(requestsPerMinuteLater / perAttempt).toBeLessThanOrEqual(MOST_ATTEMPTS.later)
    expect(recoveredAfterS ?? Infinity).toBeLessThanOrEqual(recoversWithinMs / 1000)
  })

  test('is described in docs/faults.md as it is', () => {
    const page = readFileSync(PAGE, 'utf8')
    const table = tableOf(moment, cases, measured)
    if (writes) writeFileSync(PAGE, withTable(page, moment, table))
    else expect(differences(tableIn(page, moment), table), `measured:\n${table}\n`).toEqual([])
  })
})
