import { createStore } from '../store.ts'

/** How much of the past the chart shows. */
export const KEPT_MS = 10_000
const TELL_EVERY_MS = 250

interface Frame {
  /** When it began, in milliseconds of the page's clock. */
  at: number
  /** Until the next one began: for so long nothing on the page moved. */
  duration: number
}

/** The frames of the last seconds, oldest first. */
export const frames: Frame[] = []

/** Of the last second. */
export const pace = createStore({ perSecond: 0, longest: 0 })

const listeners = new Set<(now: number) => void>()

/** Calls at every frame. */
export function onFrame(listener: (now: number) => void) {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

let last: number | null = null
let toldAt = 0

function tell(now: number) {
  const recent = frames.filter(({ at, duration }) => at + duration > now - 1000)
  pace.set({ perSecond: recent.length, longest: Math.max(0, ...recent.map(({ duration }) => duration)) })
  toldAt = now
}

function step(now: number) {
  if (last !== null) frames.push({ at: last, duration: now - last })
  last = now
  while (frames[0] && frames[0].at + frames[0].duration < now - KEPT_MS) frames.shift()
  if (now - toldAt >= TELL_EVERY_MS) tell(now)
  for (const listener of listeners) listener(now)
  requestAnimationFrame(step)
}

// A hidden page has no frames, which is no stall.
document.addEventListener('visibilitychange', () => (last = null))
requestAnimationFrame(step)
