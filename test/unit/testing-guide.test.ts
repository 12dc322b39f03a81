// @vitest-environment happy-dom
import { writeSnippets } from '../support/run-snippets.ts'
import { snippetsOf } from '../support/snippets.ts'

const files = Object.fromEntries(snippetsOf('docs/testing.md').flatMap(({ name, code }) => (name === null ? [] : [[name.replace('src/', ''), code]])))
const folder = await writeSnippets('testing-guide', files)

// The tests of the page are tests of this file.
for (const name of Object.keys(files)) if (name.includes('.test.')) await import(/* @vite-ignore */ folder + name)
