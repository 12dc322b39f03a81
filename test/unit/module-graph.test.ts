import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { findCycles, readModuleGraph, type ModuleImport } from '../support/module-graph.ts'

const graph = readModuleGraph(fileURLToPath(new URL('../../src', import.meta.url)))

/** What the modules of an area may import besides their own area. An area is a folder of `src` or `src/worker`, or a file there. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  shared: [],
  core: ['shared'],
  ports: ['shared', 'core'],
  // Implementations of the ports: nothing else of the engine is known to them.
  stream: ['shared', 'core', 'ports'],
  store: ['shared', 'core', 'ports'],
  env: ['shared', 'core', 'ports', 'stream', 'store'],
  reader: ['shared', 'core', 'ports'],
  cache: ['shared', 'core', 'ports'],
  tabs: ['shared', 'core', 'ports'],
  writes: ['shared', 'core', 'ports', 'cache'],
  queries: ['shared', 'core', 'ports'],
  engine: ['shared', 'core', 'ports', 'reader', 'cache', 'tabs', 'writes'],
  host: ['shared', 'core', 'ports', 'tabs', 'engine'],
  leadership: ['shared', 'core', 'ports', 'tabs', 'host'],
  validators: ['shared', 'core'],
  'worker entry': ['shared', 'core', 'ports', 'env', 'tabs', 'queries', 'host', 'leadership', 'validators'],
  // The engine without a worker: it joins the two sides, so that neither has to know the other.
  'in-page': ['shared', 'core', 'ports', 'stream', 'env', 'cache', 'tabs', 'host', 'validators'],
  main: ['shared'],
  // A panel for applications that ask for it: of main it knows the types.
  devtools: ['shared', 'main'],
  // As the engine without a worker does, for an application's own tests.
  testing: ['shared', 'core', 'ports', 'store', 'env', 'tabs', 'host', 'validators', 'main'],
}

function areaOf(file: string): string {
  const [side, part = ''] = file.split('/')
  const area = side === 'worker' ? (['index.ts', 'start.ts', 'with-queries.ts'].includes(part) ? 'worker entry' : part.replace(/\.ts$/, '')) : side!
  if (!Object.hasOwn(ALLOWED, area)) throw new Error(`src/${file} is in no known area`)
  return area
}

const show = ({ from, kind, to }: ModuleImport): string => `${from} -${kind}-> ${to}`

const internal = graph.imports.filter(({ bare }) => !bare)
const crossing = internal.filter(({ from, to }) => areaOf(from) !== areaOf(to))
const intoInPage = crossing.filter(({ from, to }) => areaOf(from) === 'main' && areaOf(to) === 'in-page')

describe('the module graph of src', () => {
  it('points only in the allowed direction', () => {
    const wrong = crossing.filter(
      (edge) => !ALLOWED[areaOf(edge.from)]!.includes(areaOf(edge.to)) && !intoInPage.includes(edge),
    )
    expect(wrong.map(show)).toEqual([])
  })

  it('reaches what runs in the page from two files of main, each for one thing, and loads it only when it is needed', () => {
    expect(intoInPage.filter(({ kind }) => kind === 'static').map(show)).toEqual([])
    expect([...new Set(intoInPage.map(({ from, to }) => `${from} ${to}`))].sort()).toEqual(['main/caches.ts in-page/caches.ts', 'main/endpoint.ts in-page/in-page.ts'])
  })

  it('knows of main only types in the devtools', () => {
    const toMain = crossing.filter(({ from, to, kind }) => areaOf(from) === 'devtools' && areaOf(to) === 'main' && kind !== 'type')
    expect(toMain.map(show)).toEqual([])
  })

  it('has no import cycle, also none of types', () => {
    expect(findCycles(graph).map((cycle) => cycle.join(' -> '))).toEqual([])
  })

  it('imports no index.ts, which is an entry for applications', () => {
    const toIndex = internal.filter(({ to }) => /(^|\/)index\.ts$/.test(to))
    expect(toIndex.map(show)).toEqual([])
  })

  it('imports only files that exist', () => {
    const files = new Set(graph.files)
    expect(internal.filter(({ to }) => !files.has(to)).map(show)).toEqual([])
  })

  it('keeps input, output and the database out of the pure parts', () => {
    const pure = graph.imports.filter(
      ({ from, bare, kind }) => bare && kind !== 'type' && ['shared', 'core', 'ports'].includes(areaOf(from)),
    )
    const effects = pure.filter(({ to }) => /^(idb|comlink|@durable-streams\/.*|node:.*)$/.test(to))
    expect(effects.map(show)).toEqual([])
  })
})
