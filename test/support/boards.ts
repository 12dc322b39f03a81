import { expect } from 'vitest'
import type { BoardOptions, BoardPage } from '../browser/pages/board.ts'
import type { View } from '../browser/pages/board-views.ts'
import { openRemote, useBench, type Remote, type Suite } from './browser-app.ts'
import { cityEvents, citySchema, type City, type Country } from './cities.ts'
import { naiveFold } from './naive-fold.ts'
import { homeOf, type Topology } from './tabs.ts'

export type Board = Remote<BoardPage>

/** Rows that a tab may hold beyond those it shows: ties of a window, a page that is asked for ahead. */
const SPARE_ROWS = 60
const SHAPES = Object.entries(citySchema).map(([name, { type, primaryKey }]) => ({ name, type, primaryKey }))

/** What tests of a page with React on a large collection use. */
export interface BoardsSuite extends Suite {
  /** Puts that many cities on the stream. */
  fill(count: number, first?: number): void
  /** Opens a tab that shows nothing yet. */
  board(options?: Partial<BoardOptions>): Promise<Board>
  /** Cities as the stream has them, the largest first. */
  cities(): City[]
  /** The lines that a view has to show, from its first to the last that was asked for. */
  linesOf(view: View, pages?: number): string[]
  /** The board shows these lines, soon. */
  expectLines(board: Board, lines: ReadonlyArray<string>): Promise<void>
  /** The board holds the cities that it shows, and not many more. */
  expectHeld(board: Board, shown: number): Promise<void>
}

export function useBoards(path: string, topology: Topology): BoardsSuite {
  const suite = useBench(path, { browser: 'chromium' })
  let folded: { readonly offset: string; readonly cities: City[]; readonly countries: Record<string, Country> } | null = null
  /** Folding 20,000 events takes its time: it is done once for each state of the stream. */
  const fold = (): NonNullable<typeof folded> => {
    const offset = suite.server.tailOffset(path)
    if (folded?.offset === offset) return folded
    const { cities, countries } = naiveFold(suite.server.events(path), undefined, SHAPES)
    folded = { offset, cities: (Object.values(cities!) as City[]).sort((a, b) => b.population - a.population), countries: countries as Record<string, Country> }
    return folded
  }
  const more: Omit<BoardsSuite, keyof Suite> = {
    fill: (count, first) => {
      // Another stream may end at the same offset.
      folded = null
      suite.server.append(path, cityEvents(count, first), { perMessage: 1000 })
    },
    board: async (options = {}) => {
      const board = await openRemote<BoardPage>(suite.context, suite.host, 'board')
      suite.apps.push(board)
      await board.open({ url: suite.url, home: homeOf(topology), ...options })
      return board
    },
    cities: () => fold().cities,
    linesOf: (view, pages = 1) => linesOf(view, fold().cities, fold().countries, pages),
    expectLines: async (board, lines) => {
      const isShown = (expected: string): boolean => window.board.lines().join('\n') === expected
      await board.page.waitForFunction(isShown, lines.join('\n'), { timeout: 20_000 }).catch(async () => {
        // Says what is shown instead.
        expect(await board.lines()).toEqual(lines)
      })
    },
    expectHeld: async (board, shown) => {
      const isHeld = ([least, most]: readonly [number, number]): boolean => window.board.held() >= least && window.board.held() <= most
      await board.page.waitForFunction(isHeld, [shown, shown === 0 ? 0 : shown + SPARE_ROWS] as const, { timeout: 20_000 }).catch(async () => {
        expect(await board.held()).toBe(shown)
      })
    },
  }
  // The suite's own are looked up when they are asked for: some are not there before the test begins.
  return Object.assign(Object.create(suite) as Suite, more) as BoardsSuite
}

/** The yardstick, without TanStack DB. @param cities the largest first */
function linesOf(view: View, cities: ReadonlyArray<City>, countries: Readonly<Record<string, Country>>, pages: number): string[] {
  const lineOf = ({ name, population }: City): string => `${name} ${String(population)}`
  switch (view.kind) {
    case 'top':
      return cities.slice(0, view.limit).map(lineOf)
    case 'pages':
      return cities.slice(0, view.size * pages).map(lineOf)
    case 'search':
      return cities
        .filter(({ name }) => name.startsWith(view.term))
        .sort((a, b) => (a.name === b.name ? a.population - b.population : a.name < b.name ? -1 : 1))
        .map(lineOf)
    case 'with-country':
      return cities
        .filter(({ population }) => population >= view.atLeast)
        .slice(0, view.limit)
        .map((city) => `${lineOf(city)}, ${countries[city.country]?.name ?? 'nowhere'}`)
  }
}
