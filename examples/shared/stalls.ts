import { createStore } from './store.ts'

/** A stall is a stretch of 50 ms or more in which the UI thread could not answer. */
const STALL_MS = 50
const BEAT_MS = 20

interface Stalls {
  longest: number
  /** The sum of all of them. */
  total: number
  count: number
  measuredBy: 'long task' | 'late timer'
}

const hasLongTasks =
  typeof PerformanceObserver !== 'undefined' && PerformanceObserver.supportedEntryTypes.includes('longtask')

const NONE: Stalls = { longest: 0, total: 0, count: 0, measuredBy: hasLongTasks ? 'long task' : 'late timer' }

export const stalls = createStore<Stalls>(NONE)
export const resetStalls = () => stalls.set(NONE)

function record(duration: number) {
  const { longest, total, count, measuredBy } = stalls.getSnapshot()
  stalls.set({ longest: Math.max(longest, duration), total: total + duration, count: count + 1, measuredBy })
}

/** Reports every task that held the thread, those before this script ran included. */
function observeLongTasks() {
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) record(entry.duration)
  })
  observer.observe({ type: 'longtask', buffered: true })
}

/** For browsers that do not report long tasks: a timer that fires late had to wait for the thread. */
function observeLateTimers() {
  let last = performance.now()
  let wasHidden = document.hidden
  setInterval(() => {
    const now = performance.now()
    const late = now - last - BEAT_MS
    // Timers are slowed down on purpose in a hidden tab: that is no stall.
    if (late >= STALL_MS && !wasHidden && !document.hidden) record(late)
    last = now
    wasHidden = document.hidden
  }, BEAT_MS)
}

if (hasLongTasks) observeLongTasks()
else observeLateTimers()
