import { describe, expect, test } from 'vitest'
import { useBoards, type Board, type BoardsSuite } from '../../support/boards.ts'
import { citySchema, type City } from '../../support/cities.ts'
import { killSharedWorkers } from '../../support/kill-workers.ts'
import { TOPOLOGIES } from '../../support/tabs.ts'
import type { View } from '../pages/board-views.ts'

const CITIES = 20_000
const TOP: View = { kind: 'top', limit: 50 }
const SEARCH: View = { kind: 'search', term: 'kenos' }

const put = (city: City): unknown => citySchema.cities.upsert({ value: city })

async function boardWith(suite: BoardsSuite, view: View): Promise<Board> {
  const board = await suite.board()
  await board.show(view)
  await suite.expectLines(board, suite.linesOf(view))
  return board
}

/** Changes that every view of these tests shows. */
function change(suite: BoardsSuite, round: string): void {
  const cities = suite.cities()
  suite.server.append(suite.path, [
    put({ ...cities.at(-100)!, name: `kenos${round}`, population: cities[0]!.population + 1 }),
    put({ ...cities[3]!, population: 2 }),
    citySchema.cities.delete({ key: cities[20]!.id }),
  ])
}

const isStored = ({ page }: Board): Promise<unknown> =>
  page.waitForFunction(() => {
    const { storage, offset, persistedOffset, upToDate } = window.board.status()
    return storage === 'indexeddb' && upToDate && persistedOffset === offset
  })

describe.each(TOPOLOGIES)('what a tab shows of 20,000 cities (%s)', (topology) => {
  const suite = useBoards(`/streams/subsets-survival-${topology}`, topology)

  test('stays on the screen when the engine dies, and goes on with the next one', async () => {
    suite.fill(CITIES)
    const boards = [await boardWith(suite, TOP), await boardWith(suite, SEARCH)] as const
    const [top, search] = boards
    await isStored(top)
    await Promise.all(boards.map((board) => board.watch()))
    for (const round of ['a', 'b']) {
      if (topology === 'shared') expect(await killSharedWorkers(suite)).toBe(1)
      else await top.killWorker()
      change(suite, round)
      await suite.expectLines(top, suite.linesOf(TOP))
      await suite.expectLines(search, suite.linesOf(SEARCH))
    }
    expect(Math.min(...(await top.lengthsSeen()))).toBe(50)
    expect(Math.min(...(await search.lengthsSeen()))).toBeGreaterThan(0)
    await suite.expectHeld(top, 50)
    // What is asked for only now is answered by the new engine, too.
    await top.show({ kind: 'search', term: 'kenosb' })
    await suite.expectLines(top, suite.linesOf({ kind: 'search', term: 'kenosb' }))
  })

  test('goes on when the tab closes that was opened first', async () => {
    suite.fill(CITIES)
    const [first, ...others] = [await boardWith(suite, TOP), await boardWith(suite, TOP), await boardWith(suite, SEARCH)] as const
    await Promise.all(others.map((board) => board.watch()))
    await first.page.close()
    change(suite, 'a')
    await suite.expectLines(others[0], suite.linesOf(TOP))
    await suite.expectLines(others[1], suite.linesOf(SEARCH))
    expect(Math.min(...(await others[0].lengthsSeen()))).toBe(50)
    await suite.expectHeld(others[0], 50)
    await suite.expectHeld(others[1], suite.linesOf(SEARCH).length)
  })

  test('comes from the cache after a reload, offline as well, and is put right when the server is back', async () => {
    suite.fill(CITIES)
    const board = await boardWith(suite, TOP)
    await isStored(board)
    const before = suite.linesOf(TOP)
    await board.page.close()
    await suite.server.goOffline()
    change(suite, 'a')
    const again = await suite.board()
    await again.show(TOP)
    await suite.expectLines(again, before)
    expect(await again.status()).toMatchObject({ upToDate: false, stale: true })
    // A query that nobody has asked before has its answer there as well.
    const other = await suite.board()
    await other.show({ kind: 'search', term: 'ulba' })
    await suite.expectLines(other, suite.linesOf({ kind: 'search', term: 'ulba' }))
    await suite.server.goOnline()
    await suite.expectLines(again, suite.linesOf(TOP))
    await suite.expectHeld(again, 50)
    await isStored(again)
    const requests = suite.server.log.bytes({ method: 'GET' })
    const third = await boardWith(suite, TOP)
    expect((await third.status()).upToDate).toBe(true)
    // Nothing was read again from the beginning.
    expect(suite.server.log.bytes({ method: 'GET' }) - requests).toBeLessThan(10_000)
  })

  test('is right when the stream is made anew with other rows', async () => {
    suite.fill(CITIES)
    const boards = [await boardWith(suite, TOP), await boardWith(suite, SEARCH)] as const
    suite.server.recreateStream(suite.path)
    suite.fill(300, CITIES)
    change(suite, 'a')
    await suite.expectLines(boards[0], suite.linesOf(TOP))
    await suite.expectLines(boards[1], suite.linesOf(SEARCH))
  })
})
