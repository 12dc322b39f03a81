import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import type { TestProject } from 'vitest/node'
import { sourceAliases } from './source-entries.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The folder of the built test pages. */
    builtPages: string
  }
}

const pages = fileURLToPath(new URL('../browser/pages/', import.meta.url))
const caches = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url))

/** Builds the test pages once for all files: a built page loads in a fraction of the time. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await mkdir(caches, { recursive: true })
  // Of its own, so that runs side by side do not overwrite each other's pages.
  const outDir = await mkdtemp(join(caches, 'sidestream-pages-'))
  await build({
    configFile: false,
    root: pages,
    logLevel: 'error',
    resolve: { alias: sourceAliases },
    // As an application's own build does it, in which nothing gives advice; workers as files, never inlined.
    define: { 'process.env.NODE_ENV': '"production"' },
    worker: { format: 'es' },
    build: {
      outDir,
      emptyOutDir: false,
      assetsInlineLimit: 0,
      minify: false,
      rolldownOptions: { input: (await readdir(pages)).filter((name) => name.endsWith('.html')).map((name) => join(pages, name)) },
    },
  })
  project.provide('builtPages', outDir)
  return () => rm(outDir, { recursive: true, force: true })
}
