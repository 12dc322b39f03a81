// @vitest-environment happy-dom
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { snippetsOf } from '../support/snippets.ts'

const root = `${resolve(import.meta.dirname, '../..')}/`
const folder = `${root}test-results/testing-guide/`

/** The page's imports of the package, as those of its sources. */
const ofSources = (code: string): string =>
  code
    .replaceAll(`'sidestream/testing'`, `'${root}src/testing/index.ts'`)
    .replaceAll(`'sidestream/state'`, `'${root}src/shared/index.ts'`)
    .replaceAll(`'sidestream'`, `'${root}src/main/index.ts'`)

const files = snippetsOf('docs/testing.md').flatMap(({ name, code }) => (name === null ? [] : [{ path: folder + name.replace('src/', ''), code }]))
await mkdir(folder, { recursive: true })
for (const { path, code } of [...files, { path: `${folder}schema.ts`, code: await readFile(`${root}test/snippets/schema.ts`, 'utf8') }]) await writeFile(path, ofSources(code))

// The tests of the page are tests of this file.
for (const { path } of files) if (path.includes('.test.')) await import(/* @vite-ignore */ path)
