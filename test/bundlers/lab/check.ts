import type { BrowserContext, Frame, Page } from 'playwright'
import type { StreamDBStatus } from '../../../src/shared/status.ts'
import type { StreamServer } from '../../support/stream-server.ts'

/** The application's own first: what a dev server finds late, it finds on the first visit. */
export const WORKERS = ['own', 'stock'] as const
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
  /** Where the application is: the page, or a frame in it. */
  readonly view: Page | Frame
  /** What the page said that it must not say. */
  readonly problems: readonly string[]
}

/** Opens a page, and notes its errors. */
export async function visit(context: BrowserContext, url: string, viewOf: (page: Page) => Page | Frame = (page) => page): Promise<Visit> {
  const page = await context.newPage()
  const problems: string[] = []
  let loads = 0
  page.on('pageerror', (error) => { problems.push(String(error)) })
  page.on('console', (message) => { if (message.type() === 'error') problems.push(`${message.text()} (${message.location().url})`) })
  page.on('load', () => { if ((loads += 1) > 1) problems.push('the page was loaded again') })
  await page.goto(url)
  return { page, view: viewOf(page), problems }
}

/** Waits until the list has these rows and the status these values. @throws Error that says what there is instead */
export async function expectRows({ view, problems }: Visit, { ids, status }: Wanted): Promise<StreamDBStatus> {
  const seen = async (): Promise<unknown> => view.evaluate(() => {
    const { application } = window as unknown as Partial<ApplicationWindow>
    return { rows: [...document.querySelectorAll('li')].map(({ textContent }) => textContent), status: application?.status() ?? null, failure: application?.failure ?? null }
  })
  try {
    await view.waitForFunction(({ ids, status }) => {
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
  return view.evaluate(() => (window as unknown as ApplicationWindow).application.status())
}

export interface Check {
  readonly context: BrowserContext
  readonly server: StreamServer
  /** The page's URL, without its query. */
  readonly url: string
  readonly worker: WorkerKind
  readonly topology: Topology
}

/** A new stream with the events, and the page's address with it. @returns with the ids of the rows that a worker of this kind shows */
export function openStream({ server, url, worker, topology }: Omit<Check, 'context'>): { readonly path: string; readonly address: string; readonly ids: readonly string[] } {
  const path = `/streams/${String((streams += 1))}`
  const stream = server.createStream(path)
  server.append(path, EVENTS)
  return { path, address: `${url}?${new URLSearchParams({ stream, worker, home: topology }).toString()}`, ids: worker === 'own' ? ['ada', 'grace'] : ['ada', 'grace', 'odd'] }
}

export const appendUser = (server: StreamServer, path: string, id: string): void => {
  server.append(path, [user(id, id)])
}

/** Two visits: the first reads the stream, the second is served from the cache and goes on. @throws Error that says what is wrong */
export async function checkVisits(check: Check): Promise<void> {
  const { context, server, topology } = check
  const { path, address, ids } = openStream(check)
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
  appendUser(server, path, 'mary')
  await expectRows(second, { ids: [...ids, 'mary'], status: live() })
  await second.page.close()
}
