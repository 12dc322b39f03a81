import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const files = ['contract', 'parity', 'property', 'simulation', 'unit']
  .flatMap((folder) => readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name.replaceAll('\\', '/')}`))
  .filter((name) => name.endsWith('.test.ts') && !name.endsWith('.browser.test.ts') && name !== 'unit/own-process.test.ts')
  .map((name) => ({ name, text: readFileSync(`${root}/${name}`, 'utf8') }))

// In two parts: Vitest looks for the word in the whole of a file, this one too.
const LINE = `// @vitest-${'environment'}`
/** What a file leaves behind for the next one in its process; what it does to timers that an earlier one has left running; or hooks that a shared module registers, and once only. */
const LEAVES_TRACES = /stubGlobal|useFakeTimers|\.\/measure\.ts'|fake-indexeddb|resetModules|vi\.(mock|doMock)\(|process\.on\(|from '\.\/harness\.ts'/

test('a file that changes what others share has a process of its own', () => {
  const shared = files.filter(({ text }) => !text.startsWith(LINE))
  expect(shared.length).toBeGreaterThan(50)
  expect(shared.filter(({ text }) => LEAVES_TRACES.test(text)).map(({ name }) => name)).toEqual([])
})

test('no two files name the same process', () => {
  const own = files.map(({ text }) => text.slice(0, text.indexOf('\n'))).filter((line) => line.startsWith(`${LINE}-options `))
  expect(own.length).toBeGreaterThan(0)
  expect(own.filter((name, index) => own.indexOf(name) !== index)).toEqual([])
})
