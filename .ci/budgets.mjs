// Fails when an entry costs an application more than .ci/budgets.json allows. It reads dist.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { production } from '../bench/lab/bundle.mjs'
import { entries } from './entries.mjs'

const root = fileURLToPath(new URL('../', import.meta.url))

/** What an application takes of an entry: of the main one what the benchmark measures, of the others everything. */
const uses = { sidestream: '{ createStateSchema, createStreamDB }' }

/** As in bench/cases/size.mjs: the application has TanStack DB anyway, and what we hand on of it and nobody uses is dropped. */
const peers = {
  name: 'peers-are-there',
  setup({ onResolve }) {
    onResolve({ filter: /^@tanstack\/|^@standard-schema\// }, ({ path }) => ({ path, external: true, sideEffects: false }))
  },
}

/** @returns the gzipped bytes that load with the entry; what it imports dynamically isn't loaded until it is reached */
async function measure({ name, script }) {
  const { metafile, outputFiles } = await build({
    ...production,
    stdin: { contents: `export ${uses[name] ?? '*'} from '${script}'`, resolveDir: root },
    plugins: [peers],
    absWorkingDir: root,
    outdir: 'budgets',
    metafile: true,
    write: false,
  })
  const contents = new Map(outputFiles.map((file) => [file.path.slice(root.length).replaceAll('\\', '/'), file.contents]))
  const loaded = new Set(Object.keys(metafile.outputs).filter((path) => metafile.outputs[path].entryPoint === '<stdin>'))
  for (const path of loaded) {
    for (const { kind, path: next, external } of metafile.outputs[path].imports) {
      if (kind === 'import-statement' && !external) loaded.add(next)
    }
  }
  return [...loaded].reduce((sum, path) => sum + gzipSync(contents.get(path), { level: 9 }).length, 0)
}

const budgets = JSON.parse(await readFile(new URL('budgets.json', import.meta.url), 'utf8'))
const faults = Object.keys(budgets).filter((name) => !entries.some((entry) => entry.name === name)).map((name) => `${name} is no entry of package.json`)
for (const entry of entries) {
  const bytes = await measure(entry)
  const allowed = budgets[entry.name]
  console.log(`${entry.name}: ${bytes} B gz of ${allowed ?? 'no'} B allowed`)
  if (allowed === undefined) faults.push(`${entry.name} has no budget`)
  else if (bytes > allowed) faults.push(`${entry.name} is ${bytes - allowed} B over its budget`)
}
if (faults.length > 0) {
  console.error(`${faults.join('\n')}\nIf it is worth that: raise .ci/budgets.json, and say in the commit what it buys.`)
  process.exitCode = 1
}
