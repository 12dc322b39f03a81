import type { ConnectionNote, Inspection } from '../shared/inspection.ts'

export interface TimelineEntry {
  /** By the wall clock, ms since 1970. */
  readonly at: number
  readonly state: string
  readonly reason: string | null
}

const MOST_ENTRIES = 100

const WHY: Readonly<Record<NonNullable<ConnectionNote['why']>, string>> = {
  hidden: 'every tab is hidden',
  application: 'reconnect() was called',
  online: 'a browser is online again',
}

/** The connection of a StreamDB over all of its engines: a next engine does not know what the last one has seen. */
export class Timeline {
  #former: ReadonlyArray<TimelineEntry> = []
  #present: ReadonlyArray<TimelineEntry> = []
  #epoch: string | null = null
  /** What the engine's clock lacks of the wall clock, ms. */
  #lead = 0

  /** @param wall the present time by the wall clock */
  take({ epoch, now, connections }: Inspection, wall: number): void {
    if (epoch !== this.#epoch) {
      this.#lead = wall - now
      if (this.#epoch !== null) this.#former = [...this.#former, ...this.#present, { at: wall, state: 'another engine', reason: 'the tab or worker that had it is gone, or the cache was cleared' }].slice(-MOST_ENTRIES)
      this.#epoch = epoch
    }
    this.#present = connections.map(({ at, state, why, error }) => ({ at: this.wall(at), state, reason: error ? `${error.code}: ${error.message}` : why === null ? null : WHY[why] }))
  }

  /** A moment of the engine's clock by the wall clock. */
  wall(at: number): number {
    return at + this.#lead
  }

  /** Newest first. */
  get entries(): ReadonlyArray<TimelineEntry> {
    return [...this.#former, ...this.#present].slice(-MOST_ENTRIES).reverse()
  }
}
