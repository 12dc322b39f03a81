import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import react from '@vitejs/plugin-react'
import { build as bundle } from 'esbuild'
import { build, preview } from 'vite'
import { loadCities } from '../cities/server/dataset.mjs'
import { sourceAliases } from '../server/sources.mjs'

const root = fileURLToPath(new URL('./', import.meta.url))
const DIGEST_LENGTH = 10

// node examples/static/build.mjs [folder] [--cities 30000] [--serve [--port 5174]]
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cities: { type: 'string', default: '30000' },
    serve: { type: 'boolean', default: false },
    port: { type: 'string', default: '5174' },
  },
})
const outDir = resolve(positionals[0] ?? join(root, 'dist'))

const digestOf = (...contents) => contents.reduce((hash, content) => hash.update(content), createHash('sha256')).digest('hex').slice(0, DIGEST_LENGTH)

/** The pages, as an application's own build makes them; their addresses are relative, so that they can stand in any folder of a host. */
async function buildPages() {
  // React's production build: the demo measures the page's main thread.
  process.env.NODE_ENV = 'production'
  await build({
    configFile: false,
    root,
    base: './',
    logLevel: 'warn',
    plugins: [react()],
    resolve: { alias: sourceAliases },
    worker: { format: 'es' },
    build: {
      outDir,
      emptyOutDir: true,
      chunkSizeWarningLimit: 2000,
      rolldownOptions: { input: ['index.html', 'cities.html'].map((name) => join(root, name)), checks: { bundlerTimings: false } },
    },
  })
}

/** What the service worker makes its stream of. */
async function writeData() {
  const rows = loadCities(Number(values.cities)).map(({ id, name, country, region, population }) => [id, name, country, region, population])
  const text = JSON.stringify(rows)
  const name = `assets/cities-${digestOf(text)}.json`
  await mkdir(join(outDir, 'assets'), { recursive: true })
  await writeFile(join(outDir, name), text)
  return name
}

async function filesOf(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name))
  return paths.map((path) => relative(folder, path).split(sep).join('/')).sort()
}

/** The service worker knows all files of its build, and has a name for it: its log is another one with each. */
async function buildServiceWorker(data) {
  const names = await filesOf(outDir)
  const contents = await Promise.all(names.map((name) => readFile(join(outDir, name))))
  const script = (constants) =>
    bundle({
      entryPoints: [join(root, 'server/sw.mjs')],
      bundle: true,
      minify: true,
      format: 'iife',
      target: 'es2022',
      write: false,
      define: Object.fromEntries(Object.entries(constants).map(([name, value]) => [name, JSON.stringify(value)])),
    })
  const { outputFiles: [draft] } = await script({ BUILD: '', DATA: data, FILES: names })
  const { outputFiles: [final] } = await script({ BUILD: digestOf(draft.contents, ...names, ...contents), DATA: data, FILES: names })
  await writeFile(join(outDir, 'sw.js'), final.contents)
}

await buildPages()
await buildServiceWorker(await writeData())
console.log(`Static files of the demo: ${outDir}`)

if (values.serve) {
  const server = await preview({
    configFile: false,
    root,
    base: '/sidestream/',
    logLevel: 'warn',
    appType: 'mpa',
    build: { outDir },
    preview: { host: '127.0.0.1', port: Number(values.port) },
  })
  console.log(`Look at them: http://127.0.0.1:${server.httpServer.address().port}/sidestream/  (Ctrl+C stops it)`)
}
