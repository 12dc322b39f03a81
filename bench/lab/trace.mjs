import { samplesOf } from './profile.mjs'
import { within } from './within.mjs'

/**
 * The timeline's RunTask holds a task with the microtasks that it leaves behind, as the longtask observer counts it; the
 * cheaper `toplevel` category ends a task before them, which would hide everything that follows an `await`.
 */
const TASKS = 'disabled-by-default-devtools.timeline'
const MARKS = 'blink.user_timing'
// What tells of requests and of scripts.
export const REQUESTS = 'devtools.timeline'
const WORKER = 'DedicatedWorker thread'

const PAINTING = ['UpdateLayoutTree', 'Layout', 'PrePaint', 'Paint', 'Layerize', 'Commit']

const LONG_TASK_MS = 50
const STOP_MS = 120_000
// The time limit of a mark: a page that is behind takes long.
const MARK_MS = 60_000

/**
 * Runs `use` under a trace. A thread that is in a long task when it ends may not hand over what it has traced.
 *
 * @returns what `use` returns, and the trace
 */
export async function traced(browser, use, more = []) {
  await browser.startTracing(undefined, { categories: [TASKS, MARKS, ...more] })
  const result = await use()
  const buffer = await within(STOP_MS, 'the trace', browser.stopTracing())
  return { result, trace: new Trace(JSON.parse(buffer.toString()).traceEvents) }
}

/** Marks the begin and the end of `use` on a page's thread. A trace is evaluated between such marks. */
export async function marked(tab, use) {
  const mark = (name) => tab.answer(MARK_MS, (each) => void performance.mark(each), name)
  await mark(MARKED.from)
  const result = await use()
  await mark(MARKED.to)
  return result
}

export const MARKED = { from: 'bench:span-from', to: 'bench:span-to' }

/** Tasks of a page and its dedicated workers; a span is what lies between two of the page's marks. */
class Trace {
  #events

  constructor(events) {
    this.#events = events
  }

  /**
   * The longest main-thread task that touches the span, and what those over 50 ms took beyond that. The page's own `longtask`
   * observer would leave out tasks of nothing but microtasks, in some versions.
   */
  stalls(span) {
    const { from, to, page } = this.#span(span)
    const tasks = this.#tasks([page], from, to).map(({ dur }) => dur / 1000)
    if (tasks.length === 0) throw new Error('the trace has no task of the page')
    return {
      longestTaskMs: Math.max(...tasks),
      blockingMs: tasks.reduce((sum, ms) => sum + Math.max(0, ms - LONG_TASK_MS), 0),
    }
  }

  /**
   * What the span's main thread and its workers were in tasks for, and how long it is: by the clock, and by the threads' own
   * time, which doesn't count when they waited for a core.
   */
  busyMs(span) {
    const { from, to, page } = this.#span(span)
    const workers = this.#events.filter(
      ({ name, pid, args }) => name === 'thread_name' && pid === page.pid && args.name === WORKER,
    )
    const busy = (threads) => this.#busy(threads, from, to)
    return { span: (to - from) / 1000, ui: busy([page]), worker: workers.length > 0 ? busy(workers) : undefined }
  }

  #busy(threads, from, to) {
    let wall = 0
    let cpu = 0
    for (const { ts, dur, tdur } of this.#tasks(threads, from, to)) {
      const inside = Math.min(ts + dur, to) - Math.max(ts, from)
      wall += inside / 1000
      // A task that the trace's end cut short has no time of its thread.
      if (dur > 0) cpu += ((inside / dur) * (tdur ?? dur)) / 1000
    }
    return { wall, cpu }
  }

  /**
   * What a first visit waits for, each from the span's begin: until the worker's script has run, if there is one, until the stream is
   * asked for, and until its whole answer is there. It takes `REQUESTS`.
   */
  stages(span, isStream) {
    const { from, to, page } = this.#span(span)
    const since = (ts) => (ts === undefined ? undefined : (ts - from) / 1000)
    const inside = this.#events.filter(({ pid, ts }) => pid === page.pid && ts >= from && ts <= to)
    const asked = inside.filter(({ name, args }) => name === 'ResourceSendRequest' && isStream(args.data.url)).sort((a, b) => a.ts - b.ts)[0]
    const answered = inside.find(({ name, args }) => name === 'ResourceFinish' && args.data.requestId === asked?.args.data.requestId)
    const scripts = inside.filter(({ name, tid }) => (name === 'v8.evaluateModule' || name === 'EvaluateScript') && tid !== page.tid)
    const ran = scripts.length > 0 ? Math.min(...scripts.map(({ ts, dur = 0 }) => ts + dur)) : undefined
    return { workerMs: since(ran), requestedMs: since(asked?.ts), answeredMs: since(answered?.ts) }
  }

  /**
   * What the page's threads ran for `ms` from the span's begin, what the page took to paint, and what it waited for. It takes
   * `REQUESTS` and the profiler's category.
   */
  profile(span, ms, isStream) {
    const { from, page } = this.#span(span)
    const to = from + ms * 1000
    const names = new Map(
      this.#events.filter(({ name, pid }) => name === 'thread_name' && pid === page.pid).map(({ tid, args }) => [tid, args.name]),
    )
    const painted = this.#events.filter(
      ({ name, pid, tid, ts }) => PAINTING.includes(name) && pid === page.pid && tid === page.tid && ts >= from && ts < to,
    )
    return {
      threads: samplesOf(this.#events, { pid: page.pid, from, to }).map(({ tid, samples }) => ({
        name: tid === page.tid ? 'UI thread' : names.get(tid) === WORKER ? 'worker' : (names.get(tid) ?? String(tid)),
        samples,
      })),
      paintMs: painted.reduce((sum, { dur = 0 }) => sum + dur / 1000, 0),
      waits: this.stages(span, isStream),
    }
  }

  /** The time of its own that a thread, which has set two marks, had between them. */
  cpuMs({ from, to }) {
    const first = this.#mark(from)
    return this.#busy([first], first.ts, this.#mark(to).ts).cpu
  }

  #mark(name) {
    const event = this.#events.find((candidate) => candidate.cat === MARKS && candidate.name === name)
    if (!event) throw new Error(`the trace has no mark ${name}`)
    return event
  }

  #span({ from, to }) {
    const page = this.#mark(from)
    return { page, from: page.ts, to: this.#mark(to).ts }
  }

  /** Tasks of the threads that touch the span, without those inside of others. */
  #tasks(threads, from, to) {
    return threads.flatMap((thread) => {
      let end = 0
      return this.#events
        .filter(({ cat, name, pid, tid }) => cat === TASKS && name === 'RunTask' && pid === thread.pid && tid === thread.tid)
        .filter(({ ts, dur }) => ts <= to && ts + dur >= from)
        .sort((a, b) => a.ts - b.ts)
        .filter(({ ts, dur }) => {
          const isInside = ts < end
          end = Math.max(end, ts + dur)
          return !isInside
        })
    })
  }
}
