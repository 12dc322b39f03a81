/**
 * The timeline's RunTask holds a task with the microtasks that it leaves behind, as the longtask observer counts it; the
 * cheaper `toplevel` category ends a task before them, which would hide everything that follows an `await`.
 */
const TASKS = 'disabled-by-default-devtools.timeline'
const MARKS = 'blink.user_timing'
export const CATEGORIES = [TASKS, MARKS]

/** Length of the longest main-thread task that touches the span between the page's marks. */
export function longestTaskMs(trace, { from, to }) {
  const { traceEvents } = JSON.parse(trace.toString())
  const mark = (name) => {
    const event = traceEvents.find((candidate) => candidate.cat === MARKS && candidate.name === name)
    if (!event) throw new Error(`the trace has no mark ${name}`)
    return event
  }
  const start = mark(from)
  const end = mark(to)
  let longest = 0
  for (const { cat, name, pid, tid, ts, dur } of traceEvents) {
    if (cat !== TASKS || name !== 'RunTask' || pid !== start.pid || tid !== start.tid) continue
    if (ts <= end.ts && ts + dur >= start.ts) longest = Math.max(longest, dur)
  }
  if (longest === 0) throw new Error('the trace has no task of the page')
  return longest / 1000
}
