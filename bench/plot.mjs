// Draws the case `growth` of a JSON report: node bench/plot.mjs figures.json docs/images/growth.svg
import { readFile, writeFile } from 'node:fs/promises'
import { growthTable, onPaper, pointsOf } from './report/growth.mjs'
import { growthPlot } from './report/growth-plot.mjs'

const [from, to] = process.argv.slice(2)
if (!from || !to) throw new Error('node bench/plot.mjs figures.json picture.svg')
const figures = JSON.parse(await readFile(from, 'utf8'))
const points = pointsOf(figures)
if (points.length === 0) throw new Error(`${from} has no figures of the case growth`)
await writeFile(to, await growthPlot(points))
console.log(`${growthTable(figures)}\n\n${onPaper(figures)}`)
