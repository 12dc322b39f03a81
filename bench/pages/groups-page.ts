import { createLiveQueryCollection } from '@tanstack/db'
import { idle, later, loaded } from './moments.ts'
import { ordersOfCustomers, type Sources } from './orders.ts'
import { readVisit } from './read-visit.ts'
import { ShownGroups, type Groups } from './shown-groups.ts'
import type { GroupsMeasured, GroupsPage, GroupsVisit } from './visit.ts'

/** A StreamDB of either side. */
export interface OpenedGroups {
  query(): Groups
  preload(): Promise<void>
  kept(): Promise<void>
}

/** The query in the tab. */
export const liveGroups = (sources: Sources): Groups => createLiveQueryCollection({ query: (q) => ordersOfCustomers(q, sources), startSync: true })

/** Opens the StreamDB with the groups of its orders, measures how long it takes until they are there, and stays. */
export function groupsPage(open: (visit: GroupsVisit) => OpenedGroups): void {
  const visit = readVisit<GroupsVisit>()
  const started = loaded()
    .then(idle)
    .then(() => start(open, visit))
  window.bench = started.then(({ measured }) => measured)
  window.groups = {
    shownUntil: (at) => started.then(({ shown }) => shown.resultsUntil(at)),
    kept: () => started.then(({ kept }) => kept()),
  } satisfies GroupsPage
}

interface Started {
  readonly measured: GroupsMeasured
  readonly shown: ShownGroups
  kept(): Promise<void>
}

async function start(open: (visit: GroupsVisit) => OpenedGroups, visit: GroupsVisit): Promise<Started> {
  const { rows, mount, changedAt = 0 } = visit
  // A task of its own: what runs in a script's or the driver's task isn't all reported as the page's.
  await later(0)

  performance.mark('bench:from')
  const from = performance.now()
  const { query, preload, kept } = open(visit)
  const preloaded = preload()
  if (mount === 'preloaded') await preloaded
  const shown = new ShownGroups(query())
  await shown.until(rows)
  const firstResultMs = performance.now() - from
  await shown.until(rows, changedAt)
  const freshMs = performance.now() - from
  await idle()
  performance.mark('bench:to')
  return { measured: { firstResultMs, freshMs }, shown, kept: () => preloaded.then(kept) }
}
