import { readdirSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { ABOVE_THE_FLOOR } from '../support/browser-floor.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string): string => readFileSync(resolve(root, path), 'utf8')
const pages = ['README.md', ...readdirSync(resolve(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)]

/** As GitHub makes anchors of headings. */
const anchorOf = (heading: string): string => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')
const anchors = (page: string): string[] => [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!))
const exists = (path: string): boolean => {
  try {
    readdirSync(dirname(resolve(root, path)))
    return readdirSync(dirname(resolve(root, path))).includes(path.split('/').at(-1)!)
  } catch {
    return false
  }
}

describe.each(pages)('%s', (page) => {
  const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!).filter((link) => !/^[a-z]+:/.test(link))
  test('links to what is there', () => {
    const broken = links.filter((link) => {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : resolve('/', dirname(page), path).slice(1)
      if (!exists(target)) return true
      return anchor !== undefined && !anchors(target).includes(anchor)
    })
    expect(broken).toEqual([])
  })
})

/** Names of an interface's or a union's members, as the source has them. */
function membersOf(file: string, type: string): string[] {
  const names: string[] = []
  ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest).forEachChild((node) => {
    if (ts.isInterfaceDeclaration(node) && node.name.text === type) {
      for (const { name } of node.members) if (name && ts.isIdentifier(name)) names.push(name.text)
    }
    if (ts.isTypeAliasDeclaration(node) && node.name.text === type && ts.isUnionTypeNode(node.type)) {
      for (const part of node.type.types) if (ts.isLiteralTypeNode(part) && ts.isStringLiteral(part.literal)) names.push(part.literal.text)
    }
  })
  return names
}

test('docs/browsers.md says of no feature that it is not needed which the test of the floor does not take away', () => {
  const [, list] = /need any of these: ([^]*?) and some more\./.exec(read('docs/browsers.md'))!
  const named = [...list!.matchAll(/`([\w.]+)`/g)].map(([, name]) => name!)
  expect(named.length).toBeGreaterThan(8)
  const taken = [...ABOVE_THE_FLOOR, ...[...read('test/browser/host/floor.host.test.ts').matchAll(/\['[^']+', \[('[^\]]+')\], \{/g)].flatMap(([, names]) => names!.split(', ').map((name) => name.slice(1, -1)))]
  // As the page has them: `toSorted` of arrays, `crypto.randomUUID`, and `Set` for its methods.
  const isTaken = (name: string): boolean => taken.some((feature) => `.${feature.replaceAll('.prototype', '')}.`.toLowerCase().includes(`.${name}.`.toLowerCase()) || (name === 'indexedDB.databases' && feature === 'IDBFactory.prototype.databases'))
  expect(named.filter((name) => !isTaken(name))).toEqual([])
})

describe('all names are there', () => {
  test.each([
    ['docs/api.md', 'src/main/options.ts', 'CreateStreamDBOptions'],
    ['docs/api.md', 'src/main/options.ts', 'StreamDBMethods'],
    ['docs/api.md', 'src/main/options.ts', 'StreamOptions'],
    ['docs/api.md', 'src/main/options.ts', 'BackoffOptions'],
  ])('%s: %s: %s', (page, file, type) => {
    const names = membersOf(file, type)
    expect(names.length).toBeGreaterThan(1)
    const text = read(page)
    expect(names.filter((name) => !new RegExp(`\`[^\`]*\\b${name}\\b[^\`]*\``).test(text))).toEqual([])
  })
})

test('docs/errors.md has one row for each code', () => {
  const rows = [...read('docs/errors.md').matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code!)
  expect(rows.toSorted()).toEqual(membersOf('src/shared/errors.ts', 'ErrorCode').toSorted())
})
