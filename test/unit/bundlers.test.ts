import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { BUNDLERS } from '../bundlers/homes/bundlers.ts'
import { PAGES } from '../bundlers/homes/pages.ts'
import { Guide } from '../bundlers/lab/guide.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const homes = [...BUNDLERS, ...PAGES]

test('the table of docs/bundlers.md has a row for everything that test/bundlers tries, and nothing failed', () => {
  const text = readFileSync(new URL('../../docs/bundlers.md', import.meta.url), 'utf8')
  const rows = text.split('\n').filter((line) => line.startsWith('| ')).slice(2)
  expect(rows.map((line) => line.split(' | ')[0]!.slice(2))).toEqual(homes.map(({ title }) => title))
  expect(rows.filter((line) => line.includes('failed'))).toEqual([])
})

test('each section that a row names is there, with commands where the row builds by them', async () => {
  const guide = await Guide.read(root)
  for (const { section, production } of homes) {
    if (section === undefined) continue
    const { commands, files } = guide.section(section)
    expect(commands.length > 0, section).toBe(production?.build === 'guide')
    if (production?.step && section !== 'A sandboxed iframe') expect(files.size, section).toBeGreaterThan(0)
  }
})
