// Puts the figures of a quick run into the documentation: node bench/publish.mjs figures.json
// A test compares the documentation with bench/published.json, so that neither is changed by hand.
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { noiseOf } from './report/noise.mjs'
import { publishedPlaces, replaceBetween } from './report/published.mjs'

const root = fileURLToPath(new URL('../', import.meta.url))
const [file] = process.argv.slice(2)

try {
  if (file === undefined) throw new Error('node bench/publish.mjs <figures.json of npm run bench -- --quick --out>')
  const figures = JSON.parse(await readFile(file, 'utf8'))
  const { isNoisy, text } = noiseOf(figures)
  console.log(text)
  if (isNoisy) throw new Error('The machine was too noisy: these figures are not published.')
  // One figure a line, so that a change shows which figures differ.
  await writeFile(`${root}bench/published.json`, `[\n${figures.map((figure) => JSON.stringify(figure)).join(',\n')}\n]\n`)
  for (const { page, mark, text: table } of publishedPlaces(figures)) {
    await writeFile(root + page, replaceBetween(await readFile(root + page, 'utf8'), mark, table))
    console.log(`${page}: ${mark}`)
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
