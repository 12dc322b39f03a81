import { now } from './moments.ts'
import { readVisit } from './read-visit.ts'
import { ShownChanges } from './shown-changes.ts'
import { until } from './until.ts'
import type { Change, LiveTab, Opened, TabVisit } from './visit.ts'

/** Stays open and live. */
export function liveTab(open: (visit: TabVisit) => Opened): void {
  const visit = readVisit<TabVisit>()
  const { collection, preload } = open(visit)
  const shown = new ShownChanges()

  const ready = preload()
    .then(() => until(collection, () => collection.size === visit.rows))
    .then(() => {
      const readyAt = now()
      collection.subscribeChanges((changes) => {
        const at = now()
        for (const { value } of changes) shown.show(value, at)
      })
      return readyAt
    })

  async function showedAt(change: Change): Promise<number> {
    const readyAt = await ready
    // It was among the rows that the tab began with.
    if (collection.get(change.key)?.updatedAt === change.updatedAt) shown.show(change, readyAt)
    return shown.showedAt(change)
  }

  window.tab = { ready, showedAt } satisfies LiveTab
}
