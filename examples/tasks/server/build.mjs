import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { build } from 'vite'
import { VitePWA } from 'vite-plugin-pwa'
import { createFiles } from '../../server/files.mjs'
import { sourceAliases } from '../../server/sources.mjs'
import { manifest } from './manifest.mjs'

/** The service worker is built of `src/sw.js` and the list of all other files. */
const serviceWorker = VitePWA({
  manifest,
  strategies: 'injectManifest',
  srcDir: 'src',
  filename: 'sw.js',
  injectManifest: {
    // The other format makes Vite 8 warn of an option that is no longer meant to be used.
    rollupFormat: 'iife',
    globPatterns: ['**/*.{js,css,html,svg,png}'],
    buildPlugins: { vite: [{ name: 'quiet', config: () => ({ logLevel: 'warn' }) }] },
  },
})

/**
 * Builds the application, and serves what was built: a service worker has to know all files of the application before it can open it
 * offline.
 */
export async function buildTasks() {
  const outDir = await mkdtemp(join(tmpdir(), 'sidestream-tasks-'))
  try {
    await build({
      configFile: false,
      root: fileURLToPath(new URL('../', import.meta.url)),
      base: '/tasks/',
      logLevel: 'warn',
      plugins: [react(), serviceWorker],
      resolve: { alias: sourceAliases },
      worker: { format: 'es' },
      build: { outDir, emptyOutDir: true, chunkSizeWarningLimit: 1000, rolldownOptions: { checks: { bundlerTimings: false } } },
    })
    return await createFiles(outDir)
  } finally {
    await rm(outDir, { recursive: true, force: true })
  }
}
