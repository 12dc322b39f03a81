import * as Plot from '@observablehq/plot'
import { Window } from 'happy-dom'
import { CURVES } from './growth.mjs'

// Readable on white, and not by colour alone: each line is named, too.
const COLORS = { peer: '#b3261e', 'sidestream, on-demand': '#0b57d0', 'sidestream, eager': '#146c2e', 'sidestream, progressive': '#7b1fa2' }

/** A picture, as text of an SVG file: a field for each curve, time by rows, both axes logarithmic. */
export async function growthPlot(points) {
  const window = new Window()
  try {
    const decades = decadesOf(points.map(({ ms }) => ms))
    const sides = Object.keys(COLORS).filter((side) => points.some(({ who }) => who === side))
    const key = (side, index) =>
      Plot.text([CURVES[0].title], { fx: (title) => title, text: () => `● ${side}`, fill: COLORS[side], fontWeight: 600, frameAnchor: 'top-left', dx: 10, dy: 10 + index * 20 })
    const svg = Plot.plot({
      document: window.document,
      width: 1080,
      height: 400,
      marginLeft: 60,
      marginRight: 20,
      marginTop: 40,
      marginBottom: 45,
      style: { background: 'white', color: '#1f1f1f', fontSize: '13px', fontFamily: 'system-ui, sans-serif' },
      fx: { domain: CURVES.map(({ title }) => title), label: null, padding: 0.08 },
      x: { type: 'log', inset: 6, label: 'rows in the stream →', ticks: [...new Set(points.map(({ rows }) => rows))], tickFormat: rowsInWords },
      y: { type: 'log', label: '↑ time', domain: [decades[0], decades.at(-1)], ticks: decades, tickFormat: msInWords, grid: true },
      color: { domain: Object.keys(COLORS), range: Object.values(COLORS) },
      marks: [
        Plot.frame({ stroke: '#c7c7c7' }),
        Plot.lineY(points, { fx: 'title', x: 'rows', y: 'ms', stroke: 'who', strokeWidth: 2 }),
        Plot.dot(points, { fx: 'title', x: 'rows', y: 'ms', fill: 'who', r: 4 }),
        ...sides.map(key),
      ],
    })
    svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
    return `${svg.outerHTML}\n`
  } finally {
    await window.happyDOM.close()
  }
}

/** The powers of ten from below the least value to above the greatest. */
function decadesOf(values) {
  const from = Math.floor(Math.log10(Math.min(...values)))
  const to = Math.ceil(Math.log10(Math.max(...values)))
  return Array.from({ length: to - from + 1 }, (_, step) => 10 ** (from + step))
}

const rowsInWords = (rows) => (rows < 1000 ? String(rows) : rows < 1e6 ? `${String(rows / 1000)}k` : `${String(rows / 1e6)}M`)

const msInWords = (ms) => (ms < 1000 ? `${String(ms)} ms` : `${String(ms / 1000)} s`)
