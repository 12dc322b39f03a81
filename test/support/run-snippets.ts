import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'

const root = `${resolve(import.meta.dirname, '../..')}/`

const SOURCES = { sidestream: 'src/main/index.ts', 'sidestream/state': 'src/shared/index.ts', 'sidestream/testing': 'src/testing/index.ts' }

/**
 * Writes code of a page to files, with the schema of the pages beside them. Imports of the package lead to its sources.
 * @param name of the folder, which no other test uses
 * @returns the folder's path, with a slash at its end
 */
export async function writeSnippets(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = `${root}test-results/${name}/`
  const all = { ...files, 'schema.ts': await readFile(`${root}test/snippets/schema.ts`, 'utf8') }
  await mkdir(folder, { recursive: true })
  for (const [file, code] of Object.entries(all)) {
    const own = Object.entries(SOURCES).reduce((text, [entry, source]) => text.replaceAll(` from '${entry}'`, ` from '${root}${source}'`), code)
    await writeFile(folder + file, own)
  }
  return folder
}
