import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type PluginOption } from 'vite'
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

export interface BuiltPages {
  readonly folder: string
  remove(): Promise<void>
}

/**
 * Builds test pages, as an application's own build does it, with workers as files.
 * @param names below `test/browser/pages`
 * @param plugins what the pages need beyond TypeScript; workers are built without
 */
export async function buildPages(names: readonly string[], plugins: readonly PluginOption[] = []): Promise<BuiltPages> {
  await mkdir(caches, { recursive: true })
  // Of its own, so that runs side by side do not overwrite each other's pages.
  const folder = await mkdtemp(join(caches, 'sidestream-pages-'))
  await build({
    configFile: false,
    root: pages,
    logLevel: 'error',
    plugins: [...plugins],
    resolve: { alias: sourceAliases },
    // In production nothing gives advice on the console.
    define: { 'process.env.NODE_ENV': '"production"' },
    worker: { format: 'es' },
    // Minified, as applications are: each page of each test parses its scripts anew.
    build: { outDir: folder, emptyOutDir: false, assetsInlineLimit: 0, rolldownOptions: { input: names.map((name) => join(pages, name)) } },
  })
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** Builds the test pages once for all files: a built page loads in a fraction of the time. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { folder, remove } = await buildPages((await readdir(pages)).filter((name) => name.endsWith('.html')))
  project.provide('builtPages', folder)
  return remove
}
