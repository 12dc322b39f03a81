// Draws the case `growth` of JSON reports: node bench/plot.mjs figures.json [more.json] docs/images/growth.svg
import { readFile, writeFile } from 'node:fs/promises'
import { growthTable, onPaper, pointsOf } from './report/growth.mjs'
import { growthPlot } from './report/growth-plot.mjs'

const from = process.argv.slice(2, -1)
const to = process.argv.at(-1)
if (from.length === 0) throw new Error('node bench/plot.mjs figures.json picture.svg')
const reports = await Promise.all(from.map(async (path) => JSON.parse(await readFile(path, 'utf8'))))
const figures = reports.flat()
const points = pointsOf(figures)
if (points.length === 0) throw new Error(`${from.join(', ')}: no figures of the case growth`)
await writeFile(to, await growthPlot(points))
console.log(`${growthTable(figures)}\n\n${onPaper(figures)}`)
