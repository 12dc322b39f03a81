import { execFileSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { production } from '../lab/bundle.mjs'
import { figure } from '../report/figures.mjs'

export const pages = []

const root = fileURLToPath(new URL('../..', import.meta.url))
// The published entries of both sides.
const entries = { peer: '@durable-streams/state/db', sidestream: './dist/main/index.js' }

// An application with TanStack DB has it anyway; what a library re-exports of it and nobody uses is dropped.
const tanStack = {
  name: 'tanstack-is-there',
  setup({ onResolve }) {
    onResolve({ filter: /^@tanstack\/|^@standard-schema\// }, ({ path }) => ({ path, external: true, sideEffects: false }))
  },
}

/** What a side adds to the UI thread's bundle of an application that already has TanStack DB. */
export async function run(lab) {
  execFileSync(process.execPath, ['.ci/build.mjs'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  return Promise.all(
    lab.who.map(async (who) =>
      figure({ case: 'size', rows: 0, mode: 'eager', who, metric: 'gzBytes', runs: [await addedBytes(entries[who])] }),
    ),
  )
}

async function addedBytes(entry) {
  const { metafile, outputFiles } = await build({
    ...production,
    stdin: { contents: `export { createStateSchema, createStreamDB } from '${entry}'`, resolveDir: root },
    plugins: [tanStack],
    legalComments: 'none',
    absWorkingDir: root,
    outdir: 'size',
    metafile: true,
    write: false,
  })
  const contents = new Map(outputFiles.map((file) => [file.path.slice(root.length), file.contents]))
  let total = 0
  for (const path of staticChunks(metafile.outputs)) total += gzipSync(contents.get(path), { level: 9 }).length
  return total
}

/** The entry and what it imports statically: a dynamic import isn't loaded until it is reached. */
function staticChunks(outputs) {
  const reached = new Set(Object.keys(outputs).filter((path) => outputs[path].entryPoint === '<stdin>'))
  for (const path of reached) {
    for (const { kind, path: next, external } of outputs[path].imports) {
      if (kind === 'import-statement' && !external) reached.add(next)
    }
  }
  return reached
}
