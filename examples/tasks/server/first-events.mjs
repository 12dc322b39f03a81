const PEOPLE = [
  { id: 'ada', name: 'Ada' },
  { id: 'grace', name: 'Grace' },
  { id: 'linus', name: 'Linus' },
]

const TASKS = [
  { id: 'boat', title: 'Book the ferry', assignee: 'ada', done: true },
  { id: 'tent', title: 'Dry the tent', assignee: 'grace', done: false },
  { id: 'stove', title: 'Buy gas for the stove', assignee: null, done: false },
  { id: 'map', title: 'Print the map of the north shore', assignee: 'linus', done: false },
]

const COMMENTS = [
  { id: 'tent-1', task: 'tent', author: 'grace', text: 'It hangs in the cellar.' },
  { id: 'map-1', task: 'map', author: 'ada', text: 'There is no signal behind the lighthouse.' },
  { id: 'map-2', task: 'map', author: 'linus', text: 'Then the list has to work offline.' },
]

const FIRST_DAY = Date.UTC(2026, 0, 5, 9)
const HOUR_MS = 3_600_000

const insert = (type, value) => ({ type, key: value.id, value, headers: { operation: 'insert' } })
const dated = (row, index) => ({ ...row, createdAt: new Date(FIRST_DAY + index * HOUR_MS).toISOString() })

/** What is on the list before anybody uses it. */
export const firstEvents = () => [
  ...PEOPLE.map((row) => insert('person', row)),
  ...TASKS.map(dated).map((row) => insert('task', row)),
  ...COMMENTS.map(dated).map((row) => insert('comment', row)),
]
