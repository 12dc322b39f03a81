import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { build } from 'vite'
import { createFiles } from './files.mjs'
import { sourceAliases } from './sources.mjs'

/** Builds pages as an application's own build does, and answers with what was built. */
export async function buildPages({ root, pages }) {
  const outDir = await mkdtemp(join(tmpdir(), 'sidestream-pages-'))
  try {
    await build({
      configFile: false,
      root,
      logLevel: 'warn',
      plugins: [react()],
      resolve: { alias: sourceAliases },
      worker: { format: 'es' },
      build: { outDir, emptyOutDir: true, chunkSizeWarningLimit: 1000, rolldownOptions: { input: pages, checks: { bundlerTimings: false } } },
    })
    return await createFiles(outDir)
  } finally {
    await rm(outDir, { recursive: true, force: true })
  }
}
