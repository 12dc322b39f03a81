import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { build } from 'vite'
import { createFiles } from './files.mjs'
import { sourceAliases } from './sources.mjs'

/**
 * Builds pages as an application's own build does, and answers with what was built.
 * @param root the folder that the pages' addresses begin at
 * @param pages the pages' files; by default the folder's `index.html`
 * @param base what all addresses begin with
 * @param plugins beside React's
 */
export async function buildPages({ root, pages, base = '/', plugins = [] }) {
  const outDir = await mkdtemp(join(tmpdir(), 'sidestream-pages-'))
  try {
    await build({
      configFile: false,
      root,
      base,
      logLevel: 'warn',
      plugins: [react(), ...plugins],
      resolve: { alias: sourceAliases },
      worker: { format: 'es' },
      build: { outDir, emptyOutDir: true, chunkSizeWarningLimit: 2000, rolldownOptions: { ...(pages && { input: pages }), checks: { bundlerTimings: false } } },
    })
    return await createFiles(outDir)
  } finally {
    // The files are served out of memory.
    await rm(outDir, { recursive: true, force: true })
  }
}
