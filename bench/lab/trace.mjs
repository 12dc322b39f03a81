import { within } from './within.mjs'

/**
 * The timeline's RunTask holds a task with the microtasks that it leaves behind, as the longtask observer counts it; the
 * cheaper `toplevel` category ends a task before them, which would hide everything that follows an `await`.
 */
const TASKS = 'disabled-by-default-devtools.timeline'
const MARKS = 'blink.user_timing'
const WORKER = 'DedicatedWorker thread'

const LONG_TASK_MS = 50
const STOP_MS = 120_000
// The time limit of a mark: a page that is behind takes long.
const MARK_MS = 60_000

/**
 * Runs `use` under a trace. A thread that is in a long task when it ends may not hand over what it has traced.
 *
 * @returns what `use` returns, and the trace
 */
export async function traced(browser, use) {
  await browser.startTracing(undefined, { categories: [TASKS, MARKS] })
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
    const busy = (threads) => {
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
    return { span: (to - from) / 1000, ui: busy([page]), worker: workers.length > 0 ? busy(workers) : undefined }
  }

  #span({ from, to }) {
    const mark = (name) => {
      const event = this.#events.find((candidate) => candidate.cat === MARKS && candidate.name === name)
      if (!event) throw new Error(`the trace has no mark ${name}`)
      return event
    }
    const page = mark(from)
    return { page, from: page.ts, to: mark(to).ts }
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
