import { createStore } from '../../../shared/store.ts'
import { stalls } from '../../../shared/stalls.ts'

const KEPT_MS = 10_000
const EVERY_MS = 500

/** The part of the last ten seconds in which the UI thread could not have answered. */
export const blocked = createStore(0)

/** How long it was blocked in total, and when. */
const samples: Array<{ at: number; total: number }> = []

setInterval(() => {
  const now = { at: performance.now(), total: stalls.getSnapshot().total }
  // The meter was reset.
  if (now.total < (samples.at(-1)?.total ?? 0)) samples.length = 0
  samples.push(now)
  while (samples[0] && samples[0].at < now.at - KEPT_MS) samples.shift()
  const { at, total } = samples[0] ?? now
  blocked.set(now.at === at ? 0 : Math.min(1, (now.total - total) / (now.at - at)))
}, EVERY_MS)
