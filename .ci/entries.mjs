// The entries of the package, as package.json publishes them: what is checked for one of them is checked for each.
import { readFileSync } from 'node:fs'

const { name, exports } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

/** `name` is what applications import, `key` what files about it are called, `types` and `script` are in dist. */
export const entries = Object.entries(exports)
  .filter(([, target]) => typeof target === 'object')
  .map(([path, { types, default: script }]) => ({
    name: path === '.' ? name : `${name}/${path.slice(2)}`,
    key: path === '.' ? name : path.slice(2),
    types,
    script,
  }))
