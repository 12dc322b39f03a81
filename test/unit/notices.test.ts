import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeNotices } from '../../.ci/build/notices.mjs'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'notices-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

async function install(path: string, name: string, license: string, text: string | null): Promise<void> {
  const folder = join(root, path)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name, version: '1.0.0', license }))
  if (text !== null) await writeFile(join(folder, 'LICENSE'), text)
}

const notices = async (...inputs: string[]): Promise<string> => {
  await writeNotices(root, inputs, 'notices.txt')
  return readFile(join(root, 'notices.txt'), 'utf8')
}

test('each package whose code is bundled is named once, with its licence, also one inside of another', async () => {
  await install('node_modules/a', 'a', 'MIT', 'Copyright A')
  await install('node_modules/@s/b', '@s/b', 'ISC', 'Copyright B')
  await install('node_modules/@s/b/node_modules/c', 'c', 'Apache-2.0', null)
  const text = await notices('src/own.ts', 'node_modules/a/one.js', 'node_modules/a/lib/two.js', 'node_modules/@s/b/index.js', 'node_modules/@s/b/node_modules/c/index.js')
  expect(text.match(/^---.*$/gm)).toEqual(['--- @s/b 1.0.0 (ISC) ---', '--- c 1.0.0 (Apache-2.0) ---', '--- a 1.0.0 (MIT) ---'])
  expect(text).toContain('Copyright A')
  expect(text).toContain('Copyright B')
})

test('a package whose licence asks for more stops the build', async () => {
  await install('node_modules/a', 'a', 'GPL-3.0', 'text')
  await expect(notices('node_modules/a/one.js')).rejects.toThrow('a has the licence GPL-3.0')
})
