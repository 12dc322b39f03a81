import { existsSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** What every bundle of the benchmark is built with: the settings of an application's production build. */
export const production = {
  bundle: true,
  minify: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  legalComments: 'none',
  logLevel: 'error',
  define: { 'process.env.NODE_ENV': '"production"' },
  alias: {
    sidestream: at('src/main/index.ts'),
    'sidestream/state': at('src/shared/index.ts'),
    'sidestream/worker': at('src/worker/index.ts'),
    'sidestream/worker-with-queries': at('src/worker/with-queries.ts'),
    // offline-transactions has an older one of its own, whose transactions the others' collections don't know.
    '@tanstack/db': at('node_modules/@tanstack/db/dist/esm/index.js'),
  },
}

const pages = {
  peer: { peer: at('bench/pages/peer.ts') },
  sidestream: { sidestream: at('bench/pages/sidestream.ts'), 'sidestream-worker': at('src/worker/index.ts') },
  'peer-tab': { 'peer-tab': at('bench/pages/peer-tab.ts') },
  'sidestream-tab': {
    'sidestream-tab': at('bench/pages/sidestream-tab.ts'),
    'sidestream-tab-worker': at('src/worker/index.ts'),
  },
  'peer-query': { 'peer-query': at('bench/pages/peer-query.ts') },
  'sidestream-query': {
    'sidestream-query': at('bench/pages/sidestream-query.ts'),
    'sidestream-query-worker': at('src/worker/index.ts'),
  },
  'sidestream-writes': {
    'sidestream-writes': at('bench/pages/sidestream-writes.ts'),
    'sidestream-writes-worker': at('src/worker/index.ts'),
  },
  'offline-writes': { 'offline-writes': at('bench/pages/offline-writes.ts') },
  'append-writes': { 'append-writes': at('bench/pages/append-writes.ts') },
  'peer-groups': { 'peer-groups': at('bench/pages/peer-groups.ts') },
  'sidestream-groups': {
    'sidestream-groups': at('bench/pages/sidestream-groups.ts'),
    'sidestream-groups-worker': at('bench/workers/groups.ts'),
  },
  limit: { limit: at('bench/pages/limit.ts'), 'limit-worker': at('bench/workers/limit.ts') },
  columns: { columns: at('bench/pages/columns.ts'), 'columns-worker': at('bench/workers/columns.ts') },
  indexes: { indexes: at('bench/pages/indexes.ts'), 'indexes-worker': at('bench/workers/indexes.ts') },
  'other-sidestream': {
    'other-sidestream': at('bench/others/pages/sidestream.mjs'),
    'other-sidestream-worker': at('src/worker/index.ts'),
  },
  'other-tanstack-sqlite': { 'other-tanstack-sqlite': at('bench/others/pages/tanstack-sqlite.mjs') },
  'other-rxdb': { 'other-rxdb': at('bench/others/pages/rxdb.mjs') },
  store: {
    store: at('bench/pages/store.ts'),
    segments: at('bench/workers/segments.ts'),
    'record-per-row': at('bench/workers/record-per-row.ts'),
  },
}

/** Pages with packages of their own, and so with the versions that those ask for; files that they start by their URL. */
const own = {
  'other-tanstack-sqlite': [at('bench/others/node_modules/@tanstack/browser-db-sqlite-persistence/dist/assets')],
  'other-rxdb': [],
}

/**
 * Builds a page into `outdir`; `settings` differ from production's. Each by itself, so that no two sides share a chunk, and its
 * worker by itself, as bundlers build workers.
 */
export async function bundlePage(name, outdir, settings = {}) {
  const entries = Object.entries(pages[name])
  for (const [, entry] of entries) {
    if (!existsSync(entry)) throw new Error(`page ${name}: ${entry} does not exist`)
  }
  for (const files of own[name] ?? []) await cp(files, outdir, { recursive: true })
  const alias = own[name] ? {} : production.alias
  for (const [entryName, entry] of entries) {
    await build({ ...production, alias, ...settings, absWorkingDir: at(''), entryPoints: { [entryName]: entry }, outdir, chunkNames: `${entryName}-[hash]` })
  }
}
