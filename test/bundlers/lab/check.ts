import type { BrowserContext, Page } from 'playwright'
import type { StreamDBStatus } from '../../../src/shared/status.ts'
import type { StreamServer } from '../../support/stream-server.ts'

export const WORKERS = ['stock', 'own'] as const
export type WorkerKind = (typeof WORKERS)[number]
export const TOPOLOGIES = ['shared', 'dedicated'] as const
export type Topology = (typeof TOPOLOGIES)[number]

const WHERE = { shared: 'shared-worker', dedicated: 'leader' } as const
const LIMIT_MS = 30_000

/** The page of the application, test/bundlers/app/src/main.js. */
export interface ApplicationWindow {
  readonly application: { readonly status: () => StreamDBStatus; readonly failure: string | null }
}

/** What a visit must look like. */
export interface Wanted {
  readonly ids: readonly string[]
  readonly status: Partial<StreamDBStatus>
}

const user = (id: string, name: unknown): object => ({ type: 'user', key: id, value: { id, name }, headers: { operation: 'insert' } })
/** The schema refuses the last one: whether its row is there shows whether the application's own worker runs. */
const EVENTS = [user('ada', 'Ada'), user('grace', 'Grace'), user('odd', 7)]

let streams = 0

export interface Visit {
  readonly page: Page
  /** What the page said that it must not say. */
  readonly problems: readonly string[]
}

/** Opens a page, and notes its errors. */
export async function visit(context: BrowserContext, url: string): Promise<Visit> {
  const page = await context.newPage()
  const problems: string[] = []
  let loads = 0
  page.on('pageerror', (error) => { problems.push(String(error)) })
  page.on('console', (message) => { if (message.type() === 'error') problems.push(`${message.text()} (${message.location().url})`) })
  page.on('load', () => { if ((loads += 1) > 1) problems.push('the page was loaded again') })
  await page.goto(url)
  return { page, problems }
}

/** Waits until the list has these rows and the status these values. @throws Error that says what there is instead */
export async function expectRows({ page, problems }: Visit, { ids, status }: Wanted): Promise<StreamDBStatus> {
  const seen = async (): Promise<unknown> => page.evaluate(() => {
    const { application } = window as unknown as Partial<ApplicationWindow>
    return { rows: [...document.querySelectorAll('li')].map(({ textContent }) => textContent), status: application?.status() ?? null, failure: application?.failure ?? null }
  })
  try {
    await page.waitForFunction(({ ids, status }) => {
      const { application } = window as unknown as Partial<ApplicationWindow>
      const rows = [...document.querySelectorAll('li')].map(({ textContent }) => textContent ?? '').sort()
      if (application === undefined || JSON.stringify(rows) !== JSON.stringify(ids)) return false
      const now = application.status()
      return Object.entries(status).every(([name, value]) => JSON.stringify(now[name as keyof StreamDBStatus]) === JSON.stringify(value))
    }, { ids: [...ids].sort(), status }, { timeout: LIMIT_MS })
  } catch (cause) {
    throw new Error(`wanted ${JSON.stringify({ ids, status })}, got ${JSON.stringify(await seen().catch(String))}; ${problems.join('; ')}`, { cause })
  }
  if (problems.length > 0) throw new Error(problems.join('; '))
  return page.evaluate(() => (window as unknown as ApplicationWindow).application.status())
}

export interface Check {
  readonly context: BrowserContext
  readonly server: StreamServer
  /** The page's URL, without its query. */
  readonly url: string
  readonly worker: WorkerKind
  readonly topology: Topology
}

/** Two visits: the first reads the stream, the second is served from the cache and goes on. @throws Error that says what is wrong */
export async function checkVisits({ context, server, url, worker, topology }: Check): Promise<void> {
  const path = `/streams/${String((streams += 1))}`
  const stream = server.createStream(path)
  server.append(path, EVENTS)
  const address = `${url}?${new URLSearchParams({ stream, worker, home: topology }).toString()}`
  const ids = worker === 'own' ? ['ada', 'grace'] : ['ada', 'grace', 'odd']
  const where = { where: WHERE[topology], storage: 'indexeddb' } as const
  const live = (): Partial<StreamDBStatus> => ({ ...where, connection: 'live', stale: false, persistedOffset: server.tailOffset(path) })

  const first = await visit(context, address)
  const { epoch } = await expectRows(first, { ids, status: live() })
  await first.page.close()

  // The server answers nothing until the rows are there.
  const held = server.faults.hold({ match: { path } })
  const second = await visit(context, address)
  const again = await expectRows(second, { ids, status: { ...where, ready: true, stale: true } })
  if (again.epoch === epoch) throw new Error('the second visit found the engine of the first')
  held.release()
  server.append(path, [user('mary', 'Mary')])
  await expectRows(second, { ids: [...ids, 'mary'], status: live() })
  await second.page.close()
}
