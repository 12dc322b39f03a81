import { describe, expect, test } from 'vitest'
import { useBoards, type Board, type BoardsSuite } from '../../support/boards.ts'
import { citySchema, type City } from '../../support/cities.ts'
import { TOPOLOGIES } from '../../support/tabs.ts'
import type { View } from '../pages/board-views.ts'

const CITIES = 20_000
const TOP: View = { kind: 'top', limit: 50 }
const PAGES: View = { kind: 'pages', size: 50 }

const put = (city: City): unknown => citySchema.cities.upsert({ value: city })
const remove = (city: City): unknown => citySchema.cities.delete({ key: city.id })

/** Opens a board, shows a view on it and waits until it is right. */
async function shown(suite: BoardsSuite, view: View): Promise<Board> {
  const board = await suite.board()
  await board.show(view)
  await suite.expectLines(board, suite.linesOf(view))
  return board
}

describe.each(TOPOLOGIES)('20,000 cities of which a tab shows some (%s)', (topology) => {
  const suite = useBoards(`/streams/subsets-${topology}`, topology)

  test('the fifty largest are there, and the tab holds few others', async () => {
    suite.fill(CITIES)
    const board = await shown(suite, TOP)
    await suite.expectHeld(board, 50)
    expect((await board.status()).rows).toBe(CITIES + 40)
  })

  test('a city that grows, shrinks, appears or goes takes its place among the fifty largest, live', async () => {
    suite.fill(CITIES)
    const board = await shown(suite, TOP)
    const expectShown = async (...events: unknown[]): Promise<void> => {
      suite.server.append(suite.path, events)
      await suite.expectLines(board, suite.linesOf(TOP))
    }
    const cities = suite.cities()
    const [first, , third] = cities
    // Within the list: to its top, to its end, and with another name only.
    await expectShown(put({ ...cities[20]!, population: first!.population + 10 }))
    await expectShown(put({ ...third!, population: cities[48]!.population - 0.5 }))
    await expectShown(put({ ...cities[5]!, name: 'Renamed' }))
    // Into it, from far below and as a new one.
    await expectShown(put({ ...cities[15_000]!, population: cities[10]!.population + 0.5 }))
    await expectShown(put({ id: 'new', name: 'New', population: 5_000_000, country: 'k1' }))
    // Out of it.
    await expectShown(put({ ...cities[7]!, population: 3 }))
    await expectShown(remove(cities[8]!))
    await expectShown(remove(cities[9]!), remove(cities[11]!), remove(first!), put({ ...cities[12]!, population: 4 }))
    // What happens elsewhere changes nothing.
    await expectShown(...cities.slice(1000, 1500).map((city) => put({ ...city, name: 'Elsewhere' })))
    await suite.expectHeld(board, 50)
  })

  test('a list is scrolled through page by page, and each page stays live', async () => {
    suite.fill(CITIES)
    const board = await shown(suite, PAGES)
    for (let pages = 2; pages <= 6; pages += 1) {
      expect(await board.hasNextPage()).toBe(true)
      await board.nextPage()
      await suite.expectLines(board, suite.linesOf(PAGES, pages))
    }
    await suite.expectHeld(board, 300)
    const cities = suite.cities()
    suite.server.append(suite.path, [
      put({ ...cities[19_000]!, population: cities[3]!.population + 0.5 }),
      remove(cities[70]!),
      put({ ...cities[130]!, population: cities[250]!.population + 0.5 }),
      put({ ...cities[299]!, name: 'Renamed' }),
    ])
    await suite.expectLines(board, suite.linesOf(PAGES, 6))
    await board.nextPage()
    await suite.expectLines(board, suite.linesOf(PAGES, 7))
  })

  test('a list that ends says so, and goes on when more comes', async () => {
    suite.fill(120)
    const board = await shown(suite, PAGES)
    await board.nextPage()
    await board.nextPage()
    await suite.expectLines(board, suite.linesOf(PAGES, 3))
    expect(await board.hasNextPage()).toBe(false)
    suite.server.append(suite.path, Array.from({ length: 60 }, (_, index) => put({ id: `small-${String(index)}`, name: 'Small', population: -index, country: 'k1' })))
    await board.page.waitForFunction(() => window.board.hasNextPage())
    await board.nextPage()
    await suite.expectLines(board, suite.linesOf(PAGES, 4))
  })

  test('cities are joined with their countries, which the tab holds whole, and follow both', async () => {
    suite.fill(CITIES)
    const view: View = { kind: 'with-country', atLeast: 900_000, limit: 30 }
    const board = await shown(suite, view)
    const [first, second] = suite.cities()
    suite.server.append(suite.path, [
      citySchema.countries.upsert({ value: { id: first!.country, name: 'Atlantis' } }),
      put({ ...second!, country: 'k-new' }),
    ])
    await suite.expectLines(board, suite.linesOf(view))
    suite.server.append(suite.path, [citySchema.countries.upsert({ value: { id: 'k-new', name: 'Utopia' } }), remove(first!)])
    await suite.expectLines(board, suite.linesOf(view))
    expect((await board.lines())[0]).toMatch(/, Utopia$/)
  })

  test('a search follows what is typed, and holds what was found last', async () => {
    suite.fill(CITIES)
    const board = await suite.board()
    for (const term of ['b', 'ba', 'baden', 'badenhal', 'ul', 'nowhere', 'norri']) await board.show({ kind: 'search', term })
    const view: View = { kind: 'search', term: 'norri' }
    const found = suite.linesOf(view)
    expect(found.length).toBeGreaterThan(50)
    await suite.expectLines(board, found)
    await suite.expectHeld(board, found.length)
    suite.server.append(suite.path, [put({ ...suite.cities()[0]!, name: 'norrig' })])
    await suite.expectLines(board, suite.linesOf(view))
  })

  test('a list that is closed leaves nothing behind, and is right when it is opened again', async () => {
    suite.fill(CITIES)
    const board = await shown(suite, TOP)
    await board.show(null)
    await suite.expectLines(board, [])
    await suite.expectHeld(board, 0)
    const [first, second] = suite.cities()
    suite.server.append(suite.path, [remove(first!), put({ ...second!, name: 'Unseen' })])
    await board.show(TOP)
    await suite.expectLines(board, suite.linesOf(TOP))
    await board.show({ kind: 'search', term: 'nor' })
    await suite.expectLines(board, suite.linesOf({ kind: 'search', term: 'nor' }))
  })

  test('two tabs show and hold different rows of one collection, each its own', async () => {
    suite.fill(CITIES)
    const view: View = { kind: 'search', term: 'kenos' }
    const [top, search] = [await shown(suite, TOP), await shown(suite, view)]
    await suite.expectHeld(top, 50)
    await suite.expectHeld(search, suite.linesOf(view).length)
    expect((await top.status()).epoch).toBe((await search.status()).epoch)
    const cities = suite.cities()
    suite.server.append(suite.path, [
      put({ ...cities[30]!, name: 'kenos' }),
      put({ ...cities.find(({ name }) => name.startsWith('kenos'))!, name: 'Gone' }),
      put({ id: 'new', name: 'kenosnew', population: 6_000_000, country: 'k2' }),
    ])
    await suite.expectLines(top, suite.linesOf(TOP))
    await suite.expectLines(search, suite.linesOf(view))
    await top.page.close()
    suite.server.append(suite.path, [remove(suite.cities().find(({ id }) => id === 'new')!)])
    await suite.expectLines(search, suite.linesOf(view))
  })
})
