import { createElement } from 'react'
import { createRoot } from 'react-dom/client'
import { createStreamDB, type SyncMode, type WorkerContext } from 'sidestream'
import { citiesAs } from '../../support/cities.ts'
import { Board, pager, type CitiesDB, type View } from './board-views.ts'

export interface BoardOptions {
  readonly url: string
  readonly home: 'shared' | 'dedicated'
  readonly mode?: SyncMode
}

const page = document.querySelector('main')!
const root = createRoot(page)
let db: CitiesDB | undefined
let worker: Worker | SharedWorker | undefined
const seen: string[][] = []

const dedicated = (): Worker => new Worker(new URL('./stock.worker.ts', import.meta.url), { type: 'module' })
const shared = ({ name }: WorkerContext): SharedWorker => new SharedWorker(new URL('./stock.worker.ts', import.meta.url), { type: 'module', name })

/** The list as somebody reads it. */
const lines = (): string[] => [...page.querySelectorAll('li')].map(({ textContent }) => textContent)

const board = {
  open: ({ url, home, mode = 'on-demand' }: BoardOptions) => {
    db = createStreamDB({
      streamOptions: { url, contentType: 'application/json', backoffOptions: { initialDelay: 20, maxDelay: 100, multiplier: 1.5 } },
      state: citiesAs(mode),
      worker: (context) => (worker = home === 'shared' && context.shared ? shared(context) : dedicated()),
    })
  },
  show: (view: View | null) => { root.render(createElement(Board, { db: db!, view })) },
  lines,
  /** Notes every list that is shown from now on. */
  watch: () => {
    const note = (): void => { seen.push(lines()) }
    new MutationObserver(note).observe(page, { childList: true, characterData: true, subtree: true })
    note()
  },
  /** The lists noted, by their lengths. */
  lengthsSeen: () => seen.map(({ length }) => length),
  nextPage: () => pager.next(),
  hasNextPage: () => pager.hasNext(),
  /** Cities that this tab holds. */
  held: () => db!.collections.cities.size,
  status: () => db!.status.getSnapshot(),
  killWorker: () => { (worker as Worker).terminate() },
}

export type BoardPage = typeof board
declare global {
  interface Window {
    board: BoardPage
  }
}
window.board = board
