import { cacheName } from '../../../src/shared/names.ts'
import { naiveFold, type PlainRows } from '../../support/naive-fold.ts'
import { itemEvents, schema } from '../../support/schema.ts'
import { checksOf, type CheckName, type CheckResult, type Home } from './conformance-checks.ts'
import { codeOf, expectEqual, holdRequests, home, isGuest, Tab, url, within } from './conformance-db.ts'
import { beGuest, inviteGuest, type Guest } from './conformance-guest.ts'

declare global {
  interface Window {
    /** What the checks found, once they are through. */
    conformance?: readonly CheckResult[]
  }
}

const unhandled: string[] = []
addEventListener('error', (event) => unhandled.push(event.message))
addEventListener('unhandledrejection', (event) => unhandled.push(String(event.reason)))

/** All that was appended to the stream, by whom it may be. */
const appended: unknown[] = []
const fold = (): PlainRows => naiveFold(appended)
const user = (id: string, name: string, txid?: string): unknown =>
  schema.users.insert({ value: { id, name }, ...(txid === undefined ? {} : { headers: { txid } }) })

let tab: Tab
let guest: Guest
let removeGuest: () => void

async function append(...events: unknown[]): Promise<void> {
  appended.push(...events)
  await tab.append(...events)
}

async function appendAndSee(...events: unknown[]): Promise<void> {
  await append(...events)
  await tab.showsAll(fold())
}

/** Settles once nobody writes the cache any more. */
async function storeIsFree(): Promise<void> {
  await navigator.locks.request(cacheName(url, ''), () => undefined)
}

const WHERE: Record<Home, readonly string[]> = { shared: ['shared-worker'], dedicated: ['leader', 'follower'], page: ['page'] }

/** One after the other: each goes on from what the one before has left. */
const checks: Partial<Record<CheckName, () => Promise<void>>> = {
  'preload shows the rows that were appended before': async () => {
    tab = new Tab({ cache: false })
    await append(...itemEvents(300), user('u1', 'Ada'), schema.items.delete({ key: 'i000007' }))
    tab.db.close()
    tab = new Tab()
    await tab.db.preload()
    expectEqual('rows', tab.rows(), fold())
  },
  'a live append is seen, and awaitTxId settles with it': async () => {
    const settled = tab.db.utils.awaitTxId('t1', 10_000).then(() => tab.rows())
    await append(user('u2', 'Bob', 't1'))
    expectEqual('rows when it settled', await settled, fold())
    expectEqual('connection', tab.status().connection, 'live')
    await tab.db.utils.awaitTxId('t1', 0)
  },
  'an update is seen': () => appendAndSee(schema.users.update({ value: { id: 'u1', name: 'Adele' } }), schema.items.update({ value: { id: 'i000003', n: -3 } })),
  'a delete is seen': () => appendAndSee(schema.users.delete({ key: 'u2' }), schema.items.delete({ key: 'i000004' })),
  'malformed events leave the rest': async () => {
    const before = tab.status().quarantined.count
    const malformed = [null, 'text', { type: 'user' }, { type: 'user', key: 'u8', value: 8, headers: { operation: 'insert' } }]
    await appendAndSee(...malformed, user('u3', 'Cleo'))
    await tab.until('they are counted', () => tab.status().quarantined.count === before + malformed.length)
  },
  'a reset clears the rows, and what follows is seen': () => appendAndSee({ headers: { control: 'reset' } }, user('u4', 'Dora'), ...itemEvents(50, 600)),
  'a second StreamDB shows the same rows, whichever of the two appends': async () => {
    ;({ guest, remove: removeGuest } = await inviteGuest())
    await guest.preload()
    await guest.showsAll(fold())
    await appendAndSee(user('u5', 'Emil'))
    await guest.showsAll(fold())
    const event = user('u6', 'Flora')
    appended.push(event)
    await guest.append(event)
    await guest.showsAll(fold())
    await tab.showsAll(fold())
  },
  'two StreamDBs have one engine': async () => {
    expectEqual("the guest's engine", guest.status().epoch, tab.status().epoch)
    await tab.until('the engine serves two', () => tab.status().tabs === 2)
  },
  'the status says where the engine runs': async () => {
    const { where } = tab.status()
    if (!WHERE[home].includes(where)) throw new Error(where)
  },
  'a second StreamDB may go away without a word': async () => {
    removeGuest()
    // A dedicated worker ends with the page that made it, a shared one has to find out.
    if (home === 'shared') await tab.until('the engine serves one', () => tab.status().tabs === 1)
    await appendAndSee(user('u7', 'Gustav'))
  },
  'after a reopening the rows are there before the network answers': async () => {
    await tab.until('the cache holds all rows', () => tab.status().storage === 'indexeddb' && tab.status().persistedOffset === tab.status().offset)
    tab.db.close()
    // Else a shared worker has the engine still, with rows that are confirmed.
    await storeIsFree()
    const release = holdRequests()
    try {
      tab = new Tab()
      await tab.db.preload()
      expectEqual('rows', tab.rows(), fold())
      expectEqual('stale', tab.status().stale, true)
    } finally {
      release()
    }
    await tab.until('the server has confirmed them', () => tab.status().upToDate && !tab.status().stale)
    await appendAndSee(user('u8', 'Hanna'))
  },
  'clearCache leaves no database': async () => {
    await tab.db.clearCache()
    const names = (await indexedDB.databases()).map(({ name }) => name)
    expectEqual('databases of the stream', names.filter((name) => name === cacheName(url, '')), [])
  },
  'close ends everything': async () => {
    const waiting = codeOf(tab.db.utils.awaitTxId('never', 60_000))
    tab.db.close()
    expectEqual('awaitTxId', await waiting, 'CLOSED')
    expectEqual('preload', await codeOf(tab.db.preload()), 'CLOSED')
    expectEqual('append', await codeOf(tab.append(user('u9', 'Nobody'))), 'CLOSED')
    expectEqual('connection', tab.status().connection, 'closed')
    await storeIsFree()
  },
  'no error went unhandled': async () => {
    // Reports of rejections come in a later task.
    await new Promise((resolve) => { setTimeout(resolve, 100) })
    expectEqual('errors', unhandled, [])
  },
}

async function run(): Promise<void> {
  const due = checksOf(home)
  const results: CheckResult[] = []
  for (const [name, check] of Object.entries(checks) as Array<[CheckName, () => Promise<void>]>) {
    if (!due.includes(name)) continue
    const detail = await within(check()).then(() => '', String)
    results.push({ name, ok: detail === '', detail })
  }
  const report = document.createElement('pre')
  report.textContent = results.map(({ name, ok, detail }) => `${ok ? 'ok  ' : 'FAIL'} ${name} ${detail}`).join('\n')
  document.body.append(report)
  window.conformance = results
}

if (isGuest) beGuest()
else void run()
