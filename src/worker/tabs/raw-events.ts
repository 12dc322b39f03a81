import type { InvalidEvent, StreamBatch } from '../../shared/batch.ts'
import { isEventTooDeep, MOST_VALUE_LEVELS } from '../core/depth.ts'

export interface RawEvents {
  readonly events: ReadonlyArray<StreamBatch>
  readonly invalid: ReadonlyArray<InvalidEvent>
}

/**
 * Raw batches as they can be posted. A structured clone overflows on an event that is nested thousands of levels deep, and the
 * other events of its batch would be lost too: the deep event becomes null.
 * @param invalid reports of these batches; one is added for each withheld event that has no report yet
 */
export function withoutTooDeep({ events, invalid }: RawEvents): RawEvents {
  const reports = [...invalid]
  const postable = events.map((batch) => {
    const withheld = batch.items.filter((item) => isEventTooDeep(item)).length
    if (withheld === 0) return batch
    const { offset } = batch
    // A report without an event is about an event that is too deep, or about an item that was null on the stream.
    const reported = invalid.filter((report) => report.event === null && report.offset === offset).length - batch.items.filter((item) => item === null).length
    for (let left = withheld - Math.max(0, reported); left > 0; left -= 1) {
      reports.push({ code: 'TOO_DEEP', reason: `an event is nested more than ${String(MOST_VALUE_LEVELS)} levels deep: no hook gets it`, offset, event: null })
    }
    return { ...batch, items: batch.items.map((item) => (isEventTooDeep(item) ? null : item)) }
  })
  return { events: postable, invalid: reports }
}
