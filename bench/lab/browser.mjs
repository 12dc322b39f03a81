import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright'

const installed = [
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

function executable() {
  const named = process.env['SIDESTREAM_CHROMIUM']
  const found = [named, ...installed, chromium.executablePath()].find((path) => path && existsSync(path))
  if (!found) throw new Error('no Chromium found: name one in SIDESTREAM_CHROMIUM')
  return found
}

/**
 * Runs `use` in a browser with a profile of its own that is deleted afterwards. A real profile directory, because an
 * incognito context would keep IndexedDB in memory and so flatter whoever uses it.
 */
export async function withProfile(use) {
  const profile = await mkdtemp(join(tmpdir(), 'bench-profile-'))
  try {
    const context = await chromium.launchPersistentContext(profile, { executablePath: executable(), args })
    try {
      return await use(context)
    } finally {
      await context.close()
    }
  } finally {
    // The browser's helper processes may still be writing when close() returns.
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

export const browserVersion = () => withProfile((context) => context.browser().version())
