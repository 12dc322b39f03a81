import { readVisit } from './read-visit.ts'
import { until } from './until.ts'
import type { Change, LiveTab, Opened, TabVisit } from './visit.ts'

/** Stays open and live, and notes by itself when it shows a change: nobody has to ask while that is measured. */
export function liveTab(open: (visit: TabVisit) => Opened): void {
  const visit = readVisit<TabVisit>()
  const { collection, preload } = open(visit)
  const shown = new Map<number, number>()
  const awaited = new Map<number, (at: number) => void>()

  const show = (updatedAt: number, at: number): void => {
    if (shown.has(updatedAt)) return
    shown.set(updatedAt, at)
    awaited.get(updatedAt)?.(at)
  }
  const ready = preload()
    .then(() => until(collection, () => collection.size === visit.rows))
    .then(() => {
      const readyAt = now()
      collection.subscribeChanges((changes) => {
        const at = now()
        for (const { value } of changes) show(value.updatedAt, at)
      })
      return readyAt
    })

  async function showedAt({ key, updatedAt }: Change): Promise<number> {
    const readyAt = await ready
    // It was among the rows that the tab began with.
    if (collection.get(key)?.updatedAt === updatedAt) show(updatedAt, readyAt)
    return shown.get(updatedAt) ?? new Promise((resolve) => awaited.set(updatedAt, resolve))
  }

  window.tab = { ready, showedAt } satisfies LiveTab
}

/** Of a clock that all processes of the machine share. */
function now(): number {
  return performance.timeOrigin + performance.now()
}
