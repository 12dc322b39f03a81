import { createLiveQueryCollection } from '@tanstack/db'
import { idle, later, loaded, now } from './moments.ts'
import { readVisit } from './read-visit.ts'
import { ShownChanges } from './shown-changes.ts'
import { until } from './until.ts'
import type { Edit, Row, Stored, StoreOrder, Writer, WritesPage, WritesVisit } from './visit.ts'

const SHOWN = 50
/** Inserts of one task: the page stays responsive. */
const INSERTS_AT_ONCE = 20
/**
 * Writes of one group, which are all stored before the next one begins. While a transaction is not persisted, TanStack DB takes no
 * synced rows, and does work for each row that it holds back at each further insert.
 */
const GROUP = 100
// Later than the time of any seeded row, and of any change.
const EDITED_FROM = 1_900_000_000_000

/** Opens the StreamDB with a live query over it, and stays: it writes what the driver asks for. */
export function writesPage(open: (visit: WritesVisit) => Writer): void {
  const visit = readVisit<WritesVisit>()
  const shown = new ShownChanges()
  const edits: Array<Promise<Edit>> = []
  let count = visit.from

  const row = (): Row => {
    count += 1
    // Fewer points than any seeded row: it is not among those that the query shows.
    return { id: `w${String(count)}`, title: `written ${String(count)}`, team: 'atlas', status: 'open', owner: 'mira', points: -count, updatedAt: EDITED_FROM + count }
  }

  const opened = loaded()
    .then(idle)
    .then(async () => {
      await later(0)
      const from = performance.now()
      const writer = open(visit)
      const { collection } = writer
      const preloaded = writer.preload()
      collection.subscribeChanges((changes) => {
        const at = now()
        for (const { value } of changes) shown.show(value, at)
      })
      const query = createLiveQueryCollection({
        query: (q) => q.from({ row: collection }).orderBy(({ row: each }) => each.points, 'desc').limit(SHOWN),
        startSync: true,
        gcTime: 0,
      })
      await until(query, () => query.size === SHOWN && query.toArray.every(({ points }, index) => points === visit.top[index]))
      const firstRowsMs = performance.now() - from
      await preloaded
      if (visit.syncMode === 'eager') await until(collection, () => collection.size >= visit.rows)
      return { writer, measured: { firstRowsMs, readyMs: performance.now() - from } }
    })

  const started = opened.then(({ writer }) => writer)

  function edit(writer: Writer, at: number): Promise<Edit> {
    const value = row()
    const isShown = (): boolean => writer.collection.get(value.id) !== undefined
    const acked = writer.insert(value).then(now)
    const inFrame = new Promise<boolean>((resolve) => requestAnimationFrame(() => resolve(isShown())))
    return Promise.all([acked, shown.showedAt({ key: value.id, updatedAt: value.updatedAt }), inFrame]).then(([ackedAt, shownAt, isInFrame]) => ({
      key: value.id,
      updatedAt: value.updatedAt,
      at: performance.timeOrigin + at,
      ackedAt,
      shownAt,
      isInFrame,
    }))
  }

  void started.then((writer) => {
    addEventListener('keydown', ({ timeStamp }) => edits.push(edit(writer, timeStamp)))
  })

  async function store({ size, mostMs }: StoreOrder): Promise<Stored> {
    const writer = await started
    const from = performance.now()
    const tookMs = (): number => performance.now() - from
    let made = 0
    while (made < size && tookMs() < mostMs) {
      const next = Math.min(size, made + INSERTS_AT_ONCE)
      for (; made < next; made += 1) void writer.insert(row())
      await turn()
      if (made === size || (made % GROUP === 0 && !writer.isBare)) while (writer.stored() < made && tookMs() < mostMs) await later(0)
    }
    return { stored: writer.stored(), tookMs: tookMs() }
  }

  window.writes = {
    measured: opened.then(({ measured }) => measured),
    edits: async (size) => {
      while (edits.length < size) await turn()
      return Promise.all(edits)
    },
    showedAt: (change) => shown.showedAt(change),
    store,
    drained: async () => {
      const writer = await started
      writer.hurry()
      await writer.drained()
    },
    kept: () => started.then((writer) => writer.kept()),
  } satisfies WritesPage
}

/** A task of its own, without a timer's 4 ms. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}
