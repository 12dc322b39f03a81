import { describe, expect, test } from 'vitest'
import { agesOf } from '../../bench/report/ages.mjs'
import { figure } from '../../bench/report/figures.mjs'
import { growthTable, onPaper } from '../../bench/report/growth.mjs'
import { noiseOf } from '../../bench/report/noise.mjs'
import { sumStages } from '../../bench/report/stages.mjs'
import { wantedTable } from '../../bench/report/wanted-table.mjs'
import { wantedRows } from '../../bench/report/wanted.mjs'

const cold = { case: 'cold', rows: 1000, mode: 'eager', metric: 'readyMs' }
const of = (who: string, runs: readonly number[], about: object = {}) => figure({ ...cold, ...about, who, runs })
const lines = (...args: Parameters<typeof wantedTable>): string[] => wantedTable(...args).text.split('\n').map((line) => line.replace(/ {2,}/g, ' | '))

describe('the table of what is wanted', () => {
  test('has the median with the lowest and the highest run, and the ratio', () => {
    const rows = [{ name: 'first visit', peer: cold, sidestream: cold, wanted: { ratio: 1.5 } }]
    expect(lines(rows, [of('peer', [200, 210, 190]), of('sidestream', [100, 90, 95.5])])).toEqual([
      'row | peer | sidestream | ratio | wanted',
      'first visit | 200 ms (190–210) | 95.5 ms (90.0–100) | 2.09 | ≥ 1.50 | met',
    ])
  })

  test('says what is missed, and which rows that are', () => {
    const rows = [
      { name: 'too slow', peer: cold, sidestream: cold, wanted: { ratio: 3 } },
      { name: 'too long', sidestream: cold, wanted: { most: 50 } },
      { name: 'just so', sidestream: cold, wanted: { most: 100 } },
    ]
    const figures = [of('peer', [200, 200]), of('sidestream', [100, 100])]
    expect(lines(rows, figures).map((line) => line.split(' | ').at(-1))).toEqual(['wanted', 'MISSED', 'MISSED', 'met'])
    expect(wantedTable(rows, figures).missed).toEqual(['too slow', 'too long'])
  })

  test('may exceed the peer by so much', () => {
    const rows = [{ name: 'append to visible', peer: cold, sidestream: cold, wanted: { beyond: 1 } }]
    expect(lines(rows, [of('peer', [8, 8]), of('sidestream', [9, 9])])[1]).toContain('≤ peer + 1.0 ms | met')
    expect(lines(rows, [of('peer', [8, 8]), of('sidestream', [9.5, 9.5])])[1]).toContain('MISSED')
    expect(lines(rows, [of('sidestream', [9, 9])])[1]).toContain('not measured')
  })

  test('takes a figure only where all that tells figures apart is the same', () => {
    const rows = [{ name: 'first visit', sidestream: cold, wanted: { most: 50 } }]
    const others = [{ rows: 10 }, { shown: 50 }, { mode: 'on-demand' }, { worker: 'shared' }, { layout: 'segments' }]
    expect(lines(rows, others.map((about) => of('sidestream', [1, 1], about)))[1]).toBe('first visit | ≤ 50 | not measured')
  })

  test('says that a figure is of one run, and what was given up', () => {
    const peer = figure({ ...cold, who: 'peer', runs: [Infinity], mostMs: 60_000 })
    const rows = [{ name: 'first visit', peer: cold, sidestream: cold, wanted: { ratio: 2 } }]
    expect(lines(rows, [peer, of('sidestream', [1000])])[1]).toBe('first visit | over 60 s, one run | 1000 ms, one run | > 60.00 | ≥ 2.00 | met')
    expect(lines(rows, [of('peer', [1000]), figure({ ...cold, who: 'sidestream', runs: [Infinity], mostMs: 60_000 })])[1]).toContain('MISSED')
  })

  test('asks for no row twice', () => {
    expect(new Set(wantedRows.map(({ peer, sidestream }) => JSON.stringify([peer, sidestream]))).size).toBe(wantedRows.length)
    expect(new Set(wantedRows.map(({ name }) => name)).size).toBe(wantedRows.length)
  })
})

describe('the calibration', () => {
  const calibration = (when: string, runs: readonly number[], cores = 1) =>
    figure({ case: 'calibration', rows: 0, who: 'machine', when, cores, metric: 'calibrationMs', runs })
  const around = (ms: number, by = 0) => Array.from({ length: 20 }, (_, index) => ms + by * ((index % 5) - 2))

  test('of a quiet machine', () => {
    const { isNoisy, text } = noiseOf([calibration('before', around(50)), calibration('after', around(52)), of('peer', [1])])
    expect(isNoisy).toBe(false)
    expect(text).toBe('calibration, 1 core: before 50.0 ms (50.0–50.0), after 52.0 ms (52.0–52.0)\nthe machine was quiet')
  })

  test('of one that became slower', () => {
    const { isNoisy, text } = noiseOf([calibration('before', around(50), 2), calibration('after', around(60), 2)])
    expect(isNoisy).toBe(true)
    expect(text).toContain('2 cores at once: 20 % slower after than before')
  })

  test('of one where the same work takes now more and now less', () => {
    const { isNoisy, text } = noiseOf([calibration('before', around(50)), calibration('after', around(50, 5))])
    expect(isNoisy).toBe(true)
    expect(text).toContain('after, 1 core: the same work differs by 40 %')
  })
})

describe('the growth', () => {
  const growth = (rows: number, runs: readonly number[], about: object = {}) =>
    figure({ case: 'growth', rows, visit: 'cold', who: 'sidestream', mode: 'on-demand', metric: 'firstRowsMs', runs, mostMs: 60_000, ...about })

  test('goes on, on paper, as from the last but one to the last', () => {
    const figures = [growth(1000, [100]), growth(100_000, [1000]), growth(1_000_000, [10_000])]
    expect(onPaper(figures).split('\n').at(-1)).toBe('| first visit, until 50 rows show | 10.00 µs | 100.0 s |')
  })

  test('is a table that says what was given up', () => {
    const figures = [growth(1000, [100, 110, 90]), growth(1000, [50], { who: 'peer', mode: 'eager' }), growth(10_000, [Infinity], { who: 'peer', mode: 'eager' })]
    const [, , ...lines] = growthTable(figures).split('\n')
    expect(lines).toEqual(['| 1,000 | 100 ms (90.0–110) | 50.0 ms |  |  |  |  |', '| 10,000 |  | over 60 s |  |  |  |  |'])
  })
})

describe('the ages of a result', () => {
  test('are from each change until a result that has it is shown', () => {
    expect(agesOf([100, 110, 150], [[105, 90], [130, 110], [200, 150]])).toEqual([30, 20, 50])
  })

  test('go by the first result that has a change, or a newer one', () => {
    expect(agesOf([110, 100], [[120, 115], [300, 115]])).toEqual([20, 10])
  })

  test('have no end when a change was never shown', () => {
    expect(agesOf([100, 110], [[120, 105]])).toEqual([20, Infinity])
    expect(agesOf([100], [])).toEqual([Infinity])
  })
})

describe('the breakdown', () => {
  const frame = (functionName: string, url?: string) => ({ functionName, ...(url && { url }) })

  test('counts a sample for the innermost frame that has a stage', () => {
    const fold = frame('change', 'src/worker/core/materialize.ts')
    const samples = [
      { frames: [fold, frame('onBatch', 'src/worker/engine.ts'), frame('(root)')], ms: 3 },
      { frames: [frame('postMessage'), frame('send', 'src/worker/tabs/tab-session.ts'), frame('(root)')], ms: 2 },
      { frames: [frame('slice'), fold, frame('(root)')], ms: 1 },
      { frames: [frame('(idle)'), frame('(root)')], ms: 4 },
      { frames: [frame('unknown'), frame('(root)')], ms: 5 },
    ]
    expect(sumStages(samples, ({ url }) => url)).toEqual({ fold: 4, post: 2, idle: 4, other: 5 })
  })
})
