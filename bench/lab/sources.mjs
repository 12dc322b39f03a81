import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

// What esbuild writes above each file that it has put into an unminified bundle.
const HEADER = /^(?: {2})*\/\/ ((?:src|bench|node_modules)\/\S+)$/

/** Tells which file of the project, or of a package, a line of an unminified bundle comes from. */
export function sourcesOf(dir) {
  const headers = new Map()
  for (const name of readdirSync(dir).filter((each) => each.endsWith('.js'))) {
    const found = []
    readFileSync(join(dir, name), 'utf8')
      .split('\n')
      .forEach((line, index) => {
        const [, file] = HEADER.exec(line) ?? []
        if (file) found.push({ line: index, file })
      })
    headers.set(name, found)
  }
  return ({ url = '', lineNumber = 0 }) => {
    const found = headers.get(url.split('/').at(-1))
    return found?.findLast(({ line }) => line <= lineNumber)?.file
  }
}
