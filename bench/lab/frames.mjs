import { percentile } from '../report/figures.mjs'

// At 60 Hz it is 16.67 ms from one to the next.
const FRAME_MS = 16.7

/** Figures of the intervals between frames. */
export function frameFigures(intervals) {
  return {
    frameP99Ms: percentile(intervals, 0.99),
    lateFrames: intervals.filter((ms) => ms > FRAME_MS).length,
    frames: intervals.length,
  }
}
