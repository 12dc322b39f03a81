import { readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import ts from 'typescript'
import { writeNotices } from './notices.mjs'

/** Each is loaded by src/main/<part>-part.ts. */
const PARTS = ['writing', 'queries', 'results', 'callbacks', 'inspecting']

/**
 * Bundles the engine into one self-contained file for workers and one for pages, and the functions for caches into one more for
 * pages. Import maps do not apply in workers, and bundlers disagree about chunks of a worker, so a worker's file must have no
 * imports. In the page, bundlers would put modules that the engine shares with the page's own code into a chunk, which pages
 * would load that never run the engine.
 */
export async function bundleEngine(root) {
  const inputs = []
  const bundle = async (...given) => {
    const { code, used } = await bundleOne(root, ...given)
    inputs.push(...used)
    return code
  }
  await removeScripts(join(root, 'dist/worker'))
  await removeScripts(join(root, 'dist/in-page'))
  await bundle('src/in-page/in-page.ts', 'dist/in-page/in-page.js')
  await bundle('src/in-page/caches.ts', 'dist/in-page/caches.js')
  for (const part of PARTS) await bundle(`src/main/${part}.ts`, `dist/main/${part}.js`, { check: assertNoTanStackDb })
  // The main module is not bundled, because an application's tests use the application's own TanStack DB, as pages do.
  await removeScripts(join(root, 'dist/testing'), /^(engine|memory-source)\./)
  await bundle('src/testing/engine.ts', 'dist/testing/engine.js')
  await bundle('src/worker/with-queries.ts', 'dist/worker-with-queries.js', { plugins: [peerOfQueries], allowed: ['@tanstack/db'] })
  const { length } = await bundle('src/worker/index.ts', 'dist/worker.js', { check: assertNoQueryEngine })
  await writeNotices(root, inputs, 'dist/third-party-licenses.txt')
  return length
}

/** Deletes the single modules, which the bundles replace; their types stay. */
async function removeScripts(folder, which = /./) {
  for (const name of await readdir(folder, { recursive: true })) {
    if (/\.js(\.map)?$/.test(name) && which.test(name)) await rm(join(folder, name))
  }
}

async function bundleOne(root, entry, target, { check = () => undefined, plugins = [], allowed = [] } = {}) {
  const outfile = join(root, target)
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    plugins,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    treeShaking: true,
    minify: false,
    legalComments: 'none',
    sourcemap: 'linked',
    sourcesContent: true,
    define: { 'process.env.NODE_ENV': '"production"' },
    metafile: true,
    logLevel: 'warning',
  })
  const code = await readFile(outfile, 'utf8')
  assertSelfContained(target, code, allowed)
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs).filter((input) => inputs[input].bytesInOutput > 0))
  check(target, used)
  return { code, used }
}

/** A page has one TanStack DB, that of the application: a second one would not know its collections. */
function assertNoTanStackDb(target, inputs) {
  const found = inputs.filter((input) => /node_modules\/@tanstack\//.test(input))
  if (found.length > 0) throw new Error(`${target} has a TanStack DB of its own:\n  ${found.join('\n  ')}`)
}

/** Whole queries are for applications that ask for them: TanStack DB's query engine is larger than all of ours. */
function assertNoQueryEngine(target, inputs) {
  const found = inputs.filter((input) => /^src\/worker\/queries\/|@tanstack\/db-ivm\/|@tanstack\/db\/dist\/esm\/query\/(live|compiler\/(index|joins|group-by))/.test(input))
  if (found.length > 0) throw new Error(`${target} has a query engine:\n  ${found.join('\n  ')}`)
}

/** Named queries are built with the application's TanStack DB: an application imports this file into a worker file that it bundles. */
const peerOfQueries = {
  name: 'peer-of-queries',
  setup({ onResolve }) {
    onResolve({ filter: /^@tanstack\/db$/ }, ({ importer, path }) => (/[\\/]queries[\\/]peer\.ts$/.test(importer) ? { path, external: true } : null))
  },
}

function assertSelfContained(target, code, allowed) {
  const source = ts.createSourceFile('worker.js', code, ts.ScriptTarget.ES2022, false, ts.ScriptKind.JS)
  const found = []
  const visit = (node) => {
    if (ts.isImportDeclaration(node) && !allowed.includes(node.moduleSpecifier.text)) found.push(node.getText(source))
    if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) found.push(node.getText(source))
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) found.push(node.getText(source))
    ts.forEachChild(node, visit)
  }
  visit(source)
  if (found.length > 0) throw new Error(`${target} is not self-contained:\n  ${found.join('\n  ')}`)
}
