import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Licences that ask for no more than their own text beside the code. */
const ALLOWED = new Set(['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'CC0-1.0'])

/** `node_modules/@scope/name/…`, also of a package inside of another one: the innermost package. */
const packageOf = (input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0]

/**
 * Writes the licences of the packages whose code is in the bundles.
 * @param inputs the bundles' files, relative to `root`
 * @throws Error when a package has another licence, or no text of it
 */
export async function writeNotices(root, inputs, target) {
  const folders = [...new Set(inputs.map(packageOf).filter(Boolean))].sort()
  const notices = await Promise.all(folders.map((folder) => noticeOf(join(root, folder))))
  const unique = [...new Set(notices)]
  await writeFile(join(root, target), `These packages are in the bundles of this package.\n\n${unique.join('\n\n')}\n`)
}

async function noticeOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  if (!ALLOWED.has(license)) throw new Error(`${name} has the licence ${String(license)}, which is not among those that may be bundled`)
  const file = (await readdir(folder)).find((each) => /^licen[cs]e(\.(md|txt))?$/i.test(each))
  // Some packages name their licence and have no file of it.
  const text = file ? (await readFile(join(folder, file), 'utf8')).trim() : `Its package names the licence ${license}, and has no text of it.`
  return `--- ${name} ${version} (${license}) ---\n\n${text}`
}
