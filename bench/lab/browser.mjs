import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { within } from './within.mjs'

// A browser that doesn't close by then is killed with this process.
const CLOSE_MS = 30_000

const { launchPersistent } = await importTypeScript('test/support/chromium.ts')

/**
 * Runs `use` in a browser with a profile of its own that is deleted afterwards. A real profile directory, because an
 * incognito context would keep IndexedDB in memory and so flatter whoever uses it.
 */
export async function withProfile(use) {
  const profile = await mkdtemp(join(tmpdir(), 'bench-profile-'))
  try {
    const context = await launchPersistent(profile)
    try {
      return await use(context)
    } finally {
      await within(CLOSE_MS, 'closing the browser', context.close())
    }
  } finally {
    // The browser's helper processes may still be writing when close() returns.
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

export const browserVersion = () => withProfile((context) => context.browser().version())

/** The oldest Node that is supported can't import TypeScript. The result lies where its own imports resolve. */
async function importTypeScript(path) {
  const at = (file) => new URL(`../../${file}`, import.meta.url)
  const outfile = at('node_modules/.cache/sidestream-bench/chromium.mjs')
  await build({
    entryPoints: [fileURLToPath(at(path))],
    outfile: fileURLToPath(outfile),
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  })
  return import(outfile.href)
}
