/** A board of the demo. */
export interface Board {
  /** From the demo's own address. */
  path: string
  name: string
  /** What one sees there. */
  shows: string
  /** What there is to do there, as a sentence that begins with "Try: ". */
  tries: string
}

/** Where the stream's server is in the browser, the page can be loaded without a network too. */
export const isStatic = document.querySelector('meta[name="static-demo"]') !== null

const DEPARTURES: Board = {
  path: '',
  name: 'Departures',
  shows: 'US flights of early 2001 take off again: a live table, two statistics, and the state of the worker behind them.',
  tries: 'stop the stream and reload, or open a second tab and see which worker serves it.',
}

const CITIES: Board = {
  path: 'cities.html',
  name: 'Cities',
  shows: 'Thousands of cities, searched as you type, while up to 20,000 of them change each second; with a switch to the library that does all of it in the tab.',
  tries: `stop the stream and reload, open a second tab, raise the changes and switch to @durable-streams/state${isStatic ? ', or go offline' : ''}.`,
}

const DASHBOARD: Board = {
  path: 'dashboard.html',
  name: 'Dashboard',
  shows: 'Eight charts, each a live query over 100,000 parcels; a switch moves the queries from the worker to the tab.',
  tries: 'raise the changes, switch the queries to the tab and watch the meter, or open a second tab.',
}

const TASKS: Board = {
  path: 'tasks/',
  name: 'Tasks',
  shows: 'A shared task list, an installable application that opens and takes changes offline and sends them later.',
  tries: 'go offline, change a task, crash the tab, then go online; or open a second tab.',
}

export const BOARDS: readonly Board[] = [DEPARTURES, CITIES, DASHBOARD, TASKS]

/** Boards that need no server of their own. */
const STATIC: readonly Board[] = [CITIES]

export const isHere = (board: Board) => !isStatic || STATIC.includes(board)

export const DEMOS_PATH = isStatic ? '' : 'demos.html'

/** The demo's own address, which one board is a folder below. It need not be the root of its host. */
const root = location.pathname.replace(/(tasks\/)?[^/]*$/, '')

export const hrefOf = (path: string) => root + path
