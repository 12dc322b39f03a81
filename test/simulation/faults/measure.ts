import { vi } from 'vitest'
import type { SidestreamError } from '../../../src/shared/errors.ts'
import type { FaultCase } from './cases.ts'
import { VirtualTime } from './virtual-time.ts'
import { randomOf, World } from './world.ts'

/** `with-rows`: the fault begins while rows are shown and a live request waits. `first-visit`: it is there from the start. */
export type Moment = 'with-rows' | 'first-visit'

export interface Measured {
  /** The states of the connection, in the order in which they came. */
  readonly connections: string
  /** How long the rows stayed, s; null where they stay. */
  readonly droppedAfterS: number | null
  /** How `preload()` came out, at a first visit. */
  readonly preload: string
  readonly requestsOfFirstMinute: number
  readonly requestsPerMinuteLater: number
  /** From the fault's end until everything is shown, s; null when it never was. */
  readonly recoveredAfterS: number | null
}

const MINUTE_MS = 60_000
/** Minutes beyond the first. */
const LATER_MINUTES = 5
/** How long it takes until all that are going to recover have done so. */
const RECOVERY_MS = 200_000

/** Runs all cases at once, each against a real server of its own, behind a proxy that brings the fault about. */
export async function measure(cases: ReadonlyArray<FaultCase>, moment: Moment): Promise<Measured[]> {
  const random = vi.spyOn(Math, 'random').mockImplementation(randomOf(1))
  const worlds: World[] = []
  const time = new VirtualTime(() => worlds.some(({ isBusy }) => isBusy))
  try {
    worlds.push(...(await Promise.all(cases.map(({ live, onError }, index) => World.start({ seed: index + 1, live, onError })))))
    const each = <T>(act: (world: World, of: FaultCase) => T): T[] => worlds.map((world, index) => act(world, cases[index]!))

    if (moment === 'with-rows') {
      await time.until(Promise.all(each(({ db }) => db.preload())))
      await time.until(Promise.all(each((world) => world.atEnd())))
      // A poll has been held until its time was up, as it is most of the time.
      await time.pass(45_000)
    }
    await Promise.all(each((world, { begin }) => begin(world)))
    const before = each((world) => {
      world.watch()
      return world.requests
    })
    const preloads = each((world, { breaksConnections }) => {
      if (moment === 'first-visit') return outcomeOf(world.db.preload())
      if (breaksConnections) world.server.dropConnections()
      else world.append()
      return () => ''
    })
    await time.pass(MINUTE_MS)
    const afterOne = each(({ requests }) => requests)
    await time.pass(LATER_MINUTES * MINUTE_MS)
    const afterAll = each(({ requests }) => requests)
    const seen = each(({ connections, droppedAfterMs }) => ({ connections: connections.join(' → '), droppedAfterMs }))

    const ended = performance.now()
    const recovered = worlds.map((): number | null => null)
    await Promise.all(
      worlds.map(async (world, index) => {
        world.server.faults.clear()
        await world.server.goOnline()
        world.append()
        if (cases[index]!.needsReconnect) world.db.reconnect()
        void world.atEnd().then(() => {
          recovered[index] = performance.now() - ended
        })
      }),
    )
    await time.pass(RECOVERY_MS)
    return seen.map(({ connections, droppedAfterMs }, index) => ({
      connections,
      droppedAfterS: seconds(droppedAfterMs),
      preload: preloads[index]!(),
      requestsOfFirstMinute: afterOne[index]! - before[index]!,
      requestsPerMinuteLater: (afterAll[index]! - afterOne[index]!) / LATER_MINUTES,
      recoveredAfterS: seconds(recovered[index]!),
    }))
  } finally {
    await Promise.all(worlds.map((world) => world.close()))
    time.end()
    random.mockRestore()
  }
}

const seconds = (ms: number | null): number | null => (ms === null ? null : Math.round(ms / 1000))

/** @returns tells how it came out, so far */
function outcomeOf(preload: Promise<void>): () => string {
  const began = performance.now()
  let outcome = 'is pending'
  preload.then(
    () => {
      outcome = 'resolves'
    },
    (error: SidestreamError) => {
      const afterS = Math.round((performance.now() - began) / 1000)
      outcome = `rejects, \`${error.code}\`${afterS > 0 ? ` after ${String(afterS)} s` : ''}`
    },
  )
  return () => outcome
}
