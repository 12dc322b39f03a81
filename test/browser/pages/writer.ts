import { createStreamDB, type PendingWrite, type SidestreamError, type StreamDB, type StreamDBStatus, type WorkerContext } from 'sidestream'
import type { AckedEdit } from '../../support/acknowledgements.ts'
import { note, notesSchema, type Note } from '../../support/notes.ts'
import { watchNotes } from './watch-notes.ts'

export interface WriterOptions {
  readonly url: string
  readonly home: 'shared' | 'dedicated'
}

export interface Series {
  /** In the keys of its rows, and the field of the common row that this tab changes. */
  readonly tab: 'title' | 'body'
  readonly first: number
  readonly count: number
  /** Where acknowledged edits are told. */
  readonly reportTo: string
}

export type WriteOutcome = { ok: true; txid: string } | { ok: false; code: string; message: string }

/** The row that both tabs of a series change. */
const COMMON = 'common'

let db: StreamDB<typeof notesSchema>
let watch: ReturnType<typeof watchNotes>
const rejected: string[] = []
const promised: Promise<WriteOutcome>[] = []

const dedicated = (): Worker => new Worker(new URL('./stock.worker.ts', import.meta.url), { type: 'module' })
const shared = ({ name }: WorkerContext): SharedWorker => new SharedWorker(new URL('./stock.worker.ts', import.meta.url), { type: 'module', name })

function open({ url, home }: WriterOptions): void {
  db = createStreamDB({
    streamOptions: { url, contentType: 'application/json', backoffOptions: { initialDelay: 20, maxDelay: 100, multiplier: 1.5 } },
    state: notesSchema,
    worker: (context) => (home === 'shared' && context.shared ? shared(context) : dedicated()),
    onRejected: ({ id }) => { rejected.push(id) },
  })
  watch = watchNotes(db.collections.notes, document.querySelector('main')!)
}

const failed = (error: unknown): WriteOutcome & { ok: false } => {
  const { code, message } = error as SidestreamError
  return { ok: false, code, message }
}

async function outcome(transaction: { readonly id: string; readonly isPersisted: { readonly promise: Promise<unknown> } }): Promise<WriteOutcome> {
  try {
    await transaction.isPersisted.promise
    return { ok: true, txid: transaction.id }
  } catch (error) {
    return failed(error)
  }
}

const settled = async (work: Promise<unknown>): Promise<{ ok: true; value?: unknown } | (WriteOutcome & { ok: false })> => {
  try {
    return { ok: true, value: await work }
  } catch (error) {
    return failed(error)
  }
}

const insert = (given: Note): Promise<WriteOutcome> => outcome(db.collections.notes.insert(given))

const update = (id: string, changes: Partial<Note>): Promise<WriteOutcome> =>
  outcome(db.collections.notes.update(id, (draft) => { Object.assign(draft, changes) }))

const nextFrame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve))

/** Settles when the status satisfies a predicate, given as source: it comes from another process. */
function until(predicate: string): Promise<StreamDBStatus> {
  const holds = new Function('status', 'notes', 'outbox', `return ${predicate}`) as (
    status: StreamDBStatus, notes: () => Record<string, Note>, outbox: () => ReadonlyArray<PendingWrite>
  ) => boolean
  return new Promise((resolve) => {
    const stops: Array<() => void> = []
    const check = (): void => {
      const status = db.status.getSnapshot()
      if (!holds(status, notes, db.outbox.getSnapshot)) return
      for (const stop of stops) stop()
      resolve(status)
    }
    const subscription = db.collections.notes.subscribeChanges(check)
    stops.push(db.status.subscribe(check), db.outbox.subscribe(check), () => { subscription.unsubscribe() })
    check()
  })
}

const notes = (): Record<string, Note> =>
  Object.fromEntries([...db.collections.notes.entries()].map(([key, { id, title, body, n }]) => [key, { id, title, body, n }] as const).sort(([a], [b]) => (a < b ? -1 : 1)))

/**
 * Makes numbered edits, in bursts of one to five that do not wait for each other: inserts, changes of rows that it has made, and
 * changes of one field of a row that the other tab changes too.
 */
async function scribble({ tab, first, count, reportTo }: Series): Promise<void> {
  const untold: AckedEdit[] = []
  let isTelling = false
  const tell = async (): Promise<void> => {
    if (isTelling) return
    isTelling = true
    // One at a time, so that they come in order.
    while (untold.length > 0) await fetch(reportTo, { method: 'POST', mode: 'no-cors', body: JSON.stringify({ tab, edits: untold.splice(0) }) })
    isTelling = false
  }
  for (let number = first; number < first + count; number += 1) {
    const own = `${tab}-${String(number - (number % 3))}`
    const kind = number % 3 === 0 ? 'insert' : number % 3 === 1 ? 'own' : 'common'
    const edit = kind === 'insert' ? insert(note(own, { n: number })) : update(kind === 'own' ? own : COMMON, { [tab]: String(number), n: number })
    const done = edit.then((result) => {
      untold.push({ number, key: kind === 'common' ? COMMON : own, txid: result.ok ? result.txid : null, error: result.ok ? null : result.code })
      void tell()
    })
    if (number % 5 < 2) await done
  }
}

const writer = {
  open,
  /** Starts reading, and does not wait. */
  begin: () => { void settled(db.preload()) },
  preload: () => settled(db.preload()),
  insert,
  update,
  /** Inserts all without waiting in between. */
  insertAll: (all: ReadonlyArray<Note>) => Promise.all(all.map(insert)),
  /** As {@link insertAll}; what becomes of them is asked for with `outcomes`. */
  beginInserts: (all: ReadonlyArray<Note>) => { promised.push(...all.map(insert)) },
  outcomes: () => Promise.all(promised),
  /** Edits in a frame's callback. @returns whether the page shows it before that frame is painted */
  insertInFrame: async (given: Note) => {
    await nextFrame()
    const edit = insert(given)
    const isShown = watch.shown(given.id) === given.n
    return { isShown, outcome: await edit }
  },
  updateInFrame: async (id: string, n: number) => {
    await nextFrame()
    const edit = update(id, { n })
    const isShown = watch.shown(id) === n
    return { isShown, outcome: await edit }
  },
  scribble: (series: Series) => { void scribble(series) },
  /** What a reader would have seen that must not be: see `watchNotes`. */
  faults: () => watch.faults,
  changes: () => watch.changes,
  frames: () => watch.frames(),
  until,
  notes,
  status: () => db.status.getSnapshot(),
  outbox: () => db.outbox.getSnapshot(),
  rejected: () => rejected,
  retry: (id: string) => settled(db.outbox.retry(id)),
  discard: (id: string) => settled(db.outbox.discard(id)),
  clearCache: (options?: { discardWrites: boolean }) => settled(db.clearCache(options)),
  reconnect: () => { db.reconnect() },
  close: () => { db.close() },
  /** Those of a stream: the list of all caches is left out. */
  databases: async () => (await indexedDB.databases()).map(({ name }) => name ?? '').filter((name) => name !== 'sidestream:caches').sort(),
}

export type WriterPage = typeof writer
declare global {
  interface Window {
    writer: WriterPage
  }
}
window.writer = writer
