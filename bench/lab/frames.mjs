import { percentile } from '../report/figures.mjs'

// A frame at 60 Hz takes 16.67 ms; the page's clock has steps of 0.1 ms.
const FRAME_MS = 16.7
const CLOCK_MS = 0.1

/** Figures of the intervals between frames. */
export function frameFigures(intervals) {
  return {
    frameP99Ms: percentile(intervals, 0.99),
    lateFrames: intervals.filter((ms) => ms > FRAME_MS + CLOCK_MS).length,
    frames: intervals.length,
  }
}
