import { createStreamDB, type CreateStreamDBOptions, type SidestreamError, type StreamDBStatus } from 'sidestream'
import { plainRows, type PlainRows } from '../../support/naive-fold.ts'
import { schema } from '../../support/schema.ts'
import type { Home } from './conformance-checks.ts'

const query = new URLSearchParams(location.search)
export const url = query.get('stream')!
export const home = query.get('home') as Home
export const isGuest = query.get('role') === 'guest'

/** How long anything may take, ms. */
const LIMIT_MS = 10_000

const WORKERS = {
  shared: () => new SharedWorker(new URL('./stock.worker.ts', import.meta.url), { type: 'module', name: 'conformance' }),
  dedicated: () => new Worker(new URL('./stock.worker.ts', import.meta.url), { type: 'module' }),
  page: null,
}

const ANSWER = 'Bearer conformance'
let answer: Promise<string> = Promise.resolve(ANSWER)

/** Nothing is asked of the server until the function that it returns is called: every request waits for its headers. */
export function holdRequests(): () => void {
  let release: (value: string) => void
  answer = new Promise((resolve) => { release = resolve })
  return () => { release(ANSWER) }
}

export class Tab {
  readonly db: ReturnType<typeof createStreamDB<typeof schema>>

  constructor(options: Pick<CreateStreamDBOptions, 'cache'> = {}) {
    const worker = WORKERS[home]
    this.db = createStreamDB({
      streamOptions: { url, contentType: 'application/json', headers: { Authorization: () => answer } },
      state: schema,
      ...(worker === null ? {} : { worker }),
      ...options,
    })
  }

  status(): StreamDBStatus {
    return this.db.status.getSnapshot()
  }

  rows(): PlainRows {
    return plainRows(Object.entries(this.db.collections).map(([name, collection]) => [name, collection.entries()] as const))
  }

  async append(...events: unknown[]): Promise<void> {
    await Promise.all(events.map((event) => this.db.stream.append(JSON.stringify(event))))
  }

  /** @throws when it does not come true, with what was seen last */
  async until(what: string, holds: () => boolean): Promise<void> {
    const end = performance.now() + LIMIT_MS
    while (!holds()) {
      if (performance.now() > end) throw new Error(`not so after ${String(LIMIT_MS)} ms: ${what}; rows ${brief(this.rows())}, status ${brief(this.status())}`)
      await new Promise((resolve) => { setTimeout(resolve, 10) })
    }
  }

  async showsAll(fold: PlainRows): Promise<void> {
    const wanted = canonical(fold)
    await this.until(`rows are ${brief(fold)}`, () => canonical(this.rows()) === wanted)
  }
}

/** The code with which a call is rejected; null when it is not. */
export async function codeOf(call: Promise<unknown>): Promise<string | null> {
  return call.then(
    () => null,
    (error: SidestreamError) => error.code,
  )
}

export async function within<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => { reject(new Error('nothing happened for too long')) }, 1.5 * LIMIT_MS)
  })
  return Promise.race([work, late]).finally(() => { clearTimeout(timer) })
}

export function expectEqual(what: string, found: unknown, wanted: unknown): void {
  if (canonical(found) !== canonical(wanted)) throw new Error(`${what}: ${brief(found)}, should be ${brief(wanted)}`)
}

/** As text, with fields in one order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  )
}

const brief = (value: unknown): string => canonical(value)?.slice(0, 600) ?? String(value)
