import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { LINK_TRANSITIONS } from '../../src/main/link-phase.ts'
import { WRITE_TRANSITIONS } from '../../src/worker/core/outbox.ts'
import { TAB_TRANSITIONS } from '../../src/main/tab-phase.ts'
import { CACHE_TRANSITIONS } from '../../src/worker/core/cache-phase.ts'
import { nextConnection } from '../../src/worker/core/connection.ts'
import { ENGINE_PHASES } from '../../src/worker/core/engine-phase.ts'
import { nextRole } from '../../src/worker/core/leadership.ts'
import { Credit } from '../../src/worker/tabs/credit.ts'
import { ManualClock } from '../contract/manual-clock.ts'

/*
 * ARCHITECTURE.md and SPEC.md are laws only while they are true: this file compares them with the code.
 */

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string): string => readFileSync(resolve(root, path), 'utf8')
const parse = (path: string): ts.SourceFile => ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest)

/** Text in backticks, outside of fenced blocks. */
const inBackticks = (text: string): string[] => [...text.replace(/^```.*?^```$/gms, '').matchAll(/`([^`]+)`/g)].map(([, code]) => code!)
const isFile = (code: string): boolean => code.includes('/') || code.endsWith('.ts')

/** Text under a heading of SPEC.md, up to the next heading. */
function section(heading: string): string {
  const [, text] = read('SPEC.md').split(new RegExp(`^#+ ${heading}$`, 'm'))
  if (text === undefined) throw new Error(`SPEC.md has no heading ${heading}`)
  return text.split(/^#/m)[0]!
}

/** The cells of the first table in a text; the rule under its head is left out. */
function cellsOf(text: string): string[][] {
  const lines = text.split('\n')
  const begin = lines.findIndex((line) => line.startsWith('|'))
  const end = lines.findIndex((line, index) => index > begin && !line.startsWith('|'))
  if (begin < 0) throw new Error('there is no table')
  const rows = lines.slice(begin, end < 0 ? undefined : end).map((line) => line.slice(1, line.lastIndexOf('|')).split('|').map((cell) => cell.trim()))
  return rows.filter((_, index) => index !== 1)
}

const plain = (cell: string): string => cell.replaceAll('`', '')

describe.each(['ARCHITECTURE.md', 'SPEC.md'])('%s', (page) => {
  test('names only files that exist', () => {
    const files = inBackticks(read(page)).filter(isFile)
    expect(files.length).toBeGreaterThan(20)
    expect(files.filter((file) => !existsSync(resolve(root, file)))).toEqual([])
  })

  test('links to what is there', () => {
    const links = [...read(page).matchAll(/\]\(([^)\s#]+)/g)].map(([, link]) => link!)
    expect(links.length).toBeGreaterThan(0)
    expect(links.filter((link) => !existsSync(resolve(root, link)))).toEqual([])
  })
})

/** Members of a union of strings. */
function unionOf(file: string, type: string): string[] {
  const names: string[] = []
  parse(file).forEachChild((node) => {
    if (!ts.isTypeAliasDeclaration(node) || node.name.text !== type || !ts.isUnionTypeNode(node.type)) return
    for (const part of node.type.types) if (ts.isLiteralTypeNode(part) && ts.isStringLiteral(part.literal)) names.push(part.literal.text)
  })
  return names
}

interface Machine {
  readonly heading: string
  readonly states: readonly string[]
  readonly events: readonly string[]
  readonly next: (state: string, event: string) => string
}

const ofConstant = (heading: string, table: Readonly<Record<string, Readonly<Record<string, string>>>>): Machine => ({
  heading,
  states: Object.keys(table),
  events: [...new Set(Object.values(table).flatMap((row) => Object.keys(row)))],
  next: (state, event) => table[state]![event]!,
})

const MACHINES: Machine[] = [
  {
    heading: 'Connection',
    states: unionOf('src/shared/status.ts', 'ConnectionState'),
    events: unionOf('src/worker/core/connection.ts', 'ConnectionEvent'),
    next: (state, event) => nextConnection(...([state, event] as Parameters<typeof nextConnection>)),
  },
  ofConstant('Engine', ENGINE_PHASES),
  ofConstant('Cache', CACHE_TRANSITIONS),
  {
    heading: 'Leadership',
    states: unionOf('src/worker/core/leadership.ts', 'Role'),
    events: unionOf('src/worker/core/leadership.ts', 'RoleEvent'),
    next: (state, event) => nextRole(...([state, event] as Parameters<typeof nextRole>)),
  },
  ofConstant('Tab', TAB_TRANSITIONS),
  ofConstant('Link', LINK_TRANSITIONS),
  ofConstant('Write', WRITE_TRANSITIONS),
]

describe.each(MACHINES)('the table of SPEC.md: $heading', ({ heading, states, events, next }) => {
  const [[, ...columns] = [], ...rows] = cellsOf(section(heading))

  test('has every state and every event of the code, each once', () => {
    expect(states.length).toBeGreaterThan(1)
    expect(events.length).toBeGreaterThan(1)
    expect(rows.map(([state]) => plain(state!)).sort()).toEqual([...states].sort())
    expect(columns.map(plain).sort()).toEqual([...events].sort())
  })

  test('says what the code does, in every cell', () => {
    const done = rows.map(([state]) => [state, ...columns.map((event) => {
      const after = next(plain(state!), plain(event))
      return after === plain(state!) ? '·' : `\`${after}\``
    })])
    expect(rows).toEqual(done)
  })
})

describe('the table of SPEC.md: Credit', () => {
  const [[, ...columns] = [], ...rows] = cellsOf(section('Credit'))
  const stateOf = (credit: Credit): string => (credit.isFree ? 'free' : credit.isTaken ? 'taken' : 'paused')
  /** Brings a free credit to where its next refusal is the one of this number in a row. */
  const refuseBefore = (credit: Credit, number: number): void => {
    for (let times = 1; times < number; times += 1) {
      credit.take()
      credit.refused()
    }
  }

  const BEGIN: Record<string, (credit: Credit) => void> = {
    free: () => undefined,
    taken: (credit) => { credit.take() },
    paused: (credit) => {
      refuseBefore(credit, 3)
      credit.take()
      credit.refused()
    },
  }
  const EVENTS: Record<string, (credit: Credit, time: ManualClock) => void> = {
    take: (credit) => { credit.take() },
    answered: (credit) => { credit.answered() },
    applied: (credit) => { credit.applied() },
    'refused (first two in a row)': (credit) => {
      credit.refused()
      expect(stateOf(credit)).toBe('free')
      credit.take()
      credit.refused()
    },
    'refused (third in a row and later)': (credit) => {
      // The credit is `taken`: it is given back, so that two refusals can come before the third.
      credit.answered()
      refuseBefore(credit, 3)
      credit.take()
      credit.refused()
    },
    'pause is over': (_, time) => { time.advance(1000) },
    renew: (credit) => { credit.renew() },
    close: (credit) => { credit.close() },
  }

  test('has every state and every method of the code', () => {
    expect(rows.map(([state]) => plain(state!))).toEqual(Object.keys(BEGIN))
    expect(columns.map(plain)).toEqual(Object.keys(EVENTS))
    const methods = Object.entries(Object.getOwnPropertyDescriptors(Credit.prototype)).filter(([name, { value }]) => name !== 'constructor' && typeof value === 'function').map(([name]) => name)
    expect([...new Set(columns.flatMap((column) => inBackticks(column)))].sort()).toEqual(methods.sort())
  })

  test('says what the code does, in every cell of an event that can happen', () => {
    let compared = 0
    for (const [head, ...cells] of rows) {
      const state = plain(head!)
      for (const [index, cell] of cells.entries()) {
        if (cell === '–') continue
        const event = plain(columns[index]!)
        const time = new ManualClock()
        const credit = new Credit(time, () => undefined)
        BEGIN[state]!(credit)
        expect(stateOf(credit)).toBe(state)
        EVENTS[event]!(credit, time)
        const after = stateOf(credit)
        expect([state, event, cell]).toEqual([state, event, after === state ? '·' : `\`${after}\``])
        compared += 1
      }
    }
    expect(compared).toBe(12)
  })
})

/** Titles of a file's tests, and names of functions in its tables of tests; what a template computes is `…`. */
function testNamesOf(file: string): string[] {
  const names: string[] = []
  const titleOf = (node: ts.Expression | undefined): void => {
    if (!node) return
    if (ts.isStringLiteralLike(node)) names.push(node.text)
    if (ts.isTemplateExpression(node)) names.push([node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('…'))
  }
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      let callee: ts.Expression = node.expression
      while (ts.isCallExpression(callee) || ts.isPropertyAccessExpression(callee)) callee = callee.expression
      if (ts.isIdentifier(callee) && ['test', 'it'].includes(callee.text)) titleOf(node.arguments[0])
    }
    if (ts.isPropertyAssignment(node) && ts.isStringLiteral(node.name) && ts.isArrowFunction(node.initializer)) names.push(node.name.text)
    ts.forEachChild(node, visit)
  }
  visit(parse(file))
  return names
}

describe('the invariants of SPEC.md', () => {
  const INVARIANTS = Array.from({ length: 11 }, (_, index) => `I${String(index + 1)}`)

  test('are I1 to I11, in order', () => {
    expect([...read('SPEC.md').matchAll(/^### (.+)$/gm)].map(([, heading]) => heading)).toEqual(INVARIANTS)
  })

  test.each(INVARIANTS)('%s says what code holds it, and names tests that exist', (invariant) => {
    const text = section(invariant)
    const lineOf = (head: string): string => text.split('\n').find((line) => line.startsWith(`- ${head}: `)) ?? ''
    const code = inBackticks(lineOf('Code'))
    expect(code.length).toBeGreaterThan(0)
    expect(code.filter((file) => !file.startsWith('src/'))).toEqual([])
    const wrong: string[] = []
    let cited = 0
    for (const part of lineOf('Tests').slice('- Tests: '.length).split(/; (?=`)/)) {
      const [, file, list] = /^`(test\/[^`]+)`: (.+)$/.exec(part) ?? []
      if (file === undefined || list === undefined) throw new Error(`${invariant} cites no file and tests in: ${part}`)
      const known = testNamesOf(file)
      const names = [...list.matchAll(/"([^"]+)"/g)].map(([, name]) => name!)
      if (names.length === 0) wrong.push(`${file}: no test`)
      for (const name of names) if (!known.includes(name)) wrong.push(`${file}: ${name}`)
      cited += names.length
    }
    expect(wrong).toEqual([])
    expect(cited).toBeGreaterThan(0)
  })
})

describe('ARCHITECTURE.md', () => {
  test('names a test for a batch that is applied twice, and the test exists', () => {
    const names = [...read('ARCHITECTURE.md').matchAll(/`(test\/[^`]+\.test\.ts)`, "([^"]+)"/g)]
    expect(names.length).toBeGreaterThan(0)
    expect(names.filter(([, file, name]) => !testNamesOf(file!).includes(name!))).toEqual([])
  })

  test('lets each room import what the module graph lets it import', () => {
    const allowed: Record<string, string[]> = {}
    const visit = (node: ts.Node): void => {
      if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.name.text === 'ALLOWED' && node.initializer && ts.isObjectLiteralExpression(node.initializer)) {
        for (const property of node.initializer.properties) {
          if (!ts.isPropertyAssignment(property) || !ts.isArrayLiteralExpression(property.initializer)) continue
          const { name } = property
          if (ts.isIdentifier(name) || ts.isStringLiteral(name)) allowed[name.text] = property.initializer.elements.map((element) => (element as ts.StringLiteral).text)
        }
      }
      ts.forEachChild(node, visit)
    }
    visit(parse('test/unit/module-graph.test.ts'))
    expect(Object.keys(allowed).length).toBeGreaterThan(10)
    const [, ...rooms] = cellsOf(read('ARCHITECTURE.md'))
    const said = rooms.map(([room, , imports]) => [room!.split(':')[0], imports === 'nothing' ? [] : imports!.split(', ')])
    expect(Object.fromEntries(said)).toEqual(allowed)
  })

  test('is one page', () => {
    expect(read('ARCHITECTURE.md').split('\n').length).toBeLessThanOrEqual(133)
  })
})
