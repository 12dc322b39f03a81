import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { compile, isCompiled, snippetsOf } from '../support/snippets.ts'

const docs = readdirSync(fileURLToPath(new URL('../../docs/', import.meta.url)), { recursive: true, encoding: 'utf8' })
const pages = ['README.md', ...docs.filter((name) => name.endsWith('.md') && !name.startsWith('api-reports/')).map((name) => `docs/${name}`)]

/** A mistake that the compiler has to find, so that the test does not pass because nothing is compiled. */
const mistaken = { page: 'docs/guide.md', line: 10, language: 'ts', info: '', name: null, code: `import { createStreamDB } from 'sidestream'\ncreateStreamDB({ urls: 1 })\n` }

test('every block of TypeScript in the documentation compiles', { timeout: 180_000 }, () => {
  const snippets = pages.flatMap(snippetsOf).filter(isCompiled)
  expect(snippets.length).toBeGreaterThan(20)
  expect(compile([...snippets, mistaken])).toEqual([expect.stringMatching(/^docs\/guide\.md:11 .*urls/)])
})
