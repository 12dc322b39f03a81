import { build } from 'esbuild'

const ENTRY = 'dist/main/index.js'

/** A page that uses a worker must not load a second copy of the engine: only a dynamic import may reach the engine. */
export async function assertMainAvoidsWorker(root) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [ENTRY],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    packages: 'external',
    splitting: true,
    outdir: 'dist',
    write: false,
    metafile: true,
    logLevel: 'error',
  })
  const reached = new Set([ENTRY])
  for (const file of reached) {
    for (const { kind, path, external } of metafile.inputs[file]?.imports ?? []) {
      if (kind === 'import-statement' && external !== true) reached.add(path)
    }
  }
  const forbidden = [...reached].filter((path) => /^dist\/(worker|in-page)/.test(path))
  if (forbidden.length > 0) throw new Error(`${ENTRY} statically reaches ${forbidden.join(', ')}`)
}
