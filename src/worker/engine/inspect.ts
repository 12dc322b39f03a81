import type { InspectedCollection, Inspection } from '../../shared/inspection.ts'
import { isResultName } from '../../shared/query.ts'
import type { RowData } from '../../shared/row.ts'
import type { Cache } from '../cache/cache.ts'
import type { Subsets } from '../core/subsets/subsets.ts'
import type { Clock } from '../ports.ts'
import type { Journal } from './journal.ts'
import type { Membership } from './member.ts'
import type { Members } from './members.ts'
import type { Queries } from './queries.ts'
import type { Readings } from './readings.ts'

/** How many rows of a collection are measured. */
const MEASURED_ROWS = 32
/** How long a measure holds, ms. */
const MEASURE_MS = 10_000

export interface InspectedRooms {
  readonly epoch: string
  readonly clock: Clock
  readonly members: Members
  readonly readings: Readings
  readonly subsets: Subsets
  readonly queries: Queries
  readonly cache: Cache
  readonly journal: Journal
}

/** Makes the answers to `inspect()`. What they need is counted when they are asked for. */
export class Inspector {
  readonly #rooms: InspectedRooms
  /** The mean size of a collection's rows, and when it was measured. */
  readonly #measures = new Map<string, { readonly at: number; readonly bytes: number }>()

  constructor(rooms: InspectedRooms) {
    this.#rooms = rooms
  }

  inspect(asking: Membership): Inspection {
    const inspection = this.#whole(asking)
    // A user has signed out there: what others read is not shown.
    return asking.status().cleared ? { ...inspection, ...NOTHING } : inspection
  }

  #whole(asking: Membership): Inspection {
    const { epoch, clock, members, readings, subsets, queries, cache, journal } = this.#rooms
    return {
      epoch,
      now: clock.now(),
      tabs: [...members.all].map((member) => ({ isSelf: member === asking, ...member.inspect() })),
      offset: readings.shown.offset,
      seq: readings.shown.state.marks.seq,
      unstored: cache.unstored,
      collections: [...readings.visible.rows].filter(([name]) => !isResultName(name)).map(([name, rows]) => this.#collection(name, rows)),
      ...subsets.inspect(),
      queries: queries.inspect(),
      ...journal.look(),
    }
  }

  #collection(name: string, rows: ReadonlyMap<string, RowData>): InspectedCollection {
    const { size } = rows
    return { name, rows: size, bytes: size === 0 ? 0 : this.#bytesOf(name, rows), stored: this.#rooms.cache.storedOf(name) }
  }

  #bytesOf(name: string, rows: ReadonlyMap<string, RowData>): number | null {
    const now = this.#rooms.clock.now()
    let measure = this.#measures.get(name)
    try {
      if (!measure || now - measure.at > MEASURE_MS) this.#measures.set(name, (measure = { at: now, bytes: meanOf(rows) }))
      return Math.round(measure.bytes * rows.size)
    } catch {
      return null
    }
  }
}

const NOTHING = { subsets: [], queries: [], quarantined: [], events: [] } as const

function meanOf(rows: ReadonlyMap<string, RowData>): number {
  let bytes = 0
  let count = 0
  for (const row of rows.values()) {
    if (count === MEASURED_ROWS) break
    bytes += JSON.stringify(row).length
    count += 1
  }
  return bytes / count
}
