import { execFile } from 'node:child_process'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { chromium, type Browser, type BrowserContext } from 'playwright'
import { findInstalled, namedExecutable } from './executable.ts'

/** `--no-sandbox` because containers run as root; the other flags keep the browser off the network. */
export const chromiumArgs: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

// The headless shell first: it starts faster and stays silent on the network.
const INSTALLED = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

let found: Promise<string> | undefined

/** The path of a Chromium to test with. With the one from npm it may also set `LD_LIBRARY_PATH` of this process. */
export function chromiumExecutable(): Promise<string> {
  found ??= findExecutable()
  return found
}

async function findExecutable(): Promise<string> {
  return (await namedExecutable('SIDESTREAM_CHROMIUM')) ?? (await findInstalled(INSTALLED)) ?? (await unpackFromNpm())
}

async function unpackFromNpm(): Promise<string> {
  try {
    const version = await packagedVersion()
    // It takes whatever lies in the temporary folder, of another version too: so one folder a version.
    const folder = join(tmpdir(), `sidestream-chromium-${version}`)
    await mkdir(folder, { recursive: true })
    const path = await withTemporaryFolder(folder, async () => {
      const { default: packaged } = await import('@sparticuz/chromium')
      const unpacked = await packaged.executablePath()
      if (await starts(unpacked)) return unpacked
      return unpackLibraries(folder, packaged)
    })
    if (await starts(path)) return path
    throw new Error(`${path} does not start`)
  } catch (cause) {
    throw new Error(
      'No Chromium to test with. Install one (Debian, Ubuntu: apt-get install chromium-headless-shell), ' +
        'or set SIDESTREAM_CHROMIUM to the path of an executable.',
      { cause },
    )
  }
}

async function packagedVersion(): Promise<string> {
  // Its `exports` hide package.json from an import.
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium')
  const text = await readFile(join(dirname(entry), '..', '..', 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** The package has its own NSS libraries, but unpacks them only when the environment looks like AWS Lambda. */
async function unpackLibraries(folder: string, packaged: { executablePath(): Promise<string> }): Promise<string> {
  const before = process.env['AWS_EXECUTION_ENV']
  process.env['AWS_EXECUTION_ENV'] = 'AWS_Lambda_nodejs20.x'
  try {
    // With the binary already there it returns early, without the libraries.
    await rm(join(folder, 'chromium'), { force: true })
    const path = await packaged.executablePath()
    const libraries = join(folder, 'al2023', 'lib')
    process.env['LD_LIBRARY_PATH'] = [libraries, process.env['LD_LIBRARY_PATH']].filter(Boolean).join(delimiter)
    return path
  } finally {
    restore('AWS_EXECUTION_ENV', before)
  }
}

async function withTemporaryFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = folder
  try {
    return await work()
  } finally {
    restore('TMPDIR', before)
  }
}

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
}

/** A missing shared library shows only when the program is run. */
async function starts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(path, ['--version'], { timeout: 20_000 }, (error) => resolve(error === null))
  })
}

let shared: Promise<Browser> | undefined

/**
 * The browser of this process. Files that run one after the other share it, because to start one takes a processor a second: what a test
 * stores belongs to its context. `close()` closes the contexts; the browser ends with the process.
 */
export function launchChromium(): Promise<Browser> {
  shared ??= launch()
  return shared
}

/** A browser that ends with `close()`. */
export async function launchOwnChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: await chromiumExecutable(), args: [...chromiumArgs] })
}

async function launch(): Promise<Browser> {
  const browser = await launchOwnChromium()
  browser.on('disconnected', () => {
    shared = undefined
  })
  browser.close = async () => {
    await Promise.all(browser.contexts().map((context) => context.close()))
  }
  return browser
}

/** A browser with a profile on disk, for tests that end it and start it again. */
export async function launchPersistent(dir: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(dir, {
    executablePath: await chromiumExecutable(),
    args: [...chromiumArgs],
  })
}

/** The process to signal: the browser's own, not one of its renderers. */
export async function browserPid(context: BrowserContext): Promise<number> {
  const browser = context.browser()
  if (browser === null) throw new Error('The context belongs to no browser')
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  const own = processInfo.find((process) => process.type === 'browser')
  if (own === undefined) throw new Error('The browser does not report its own process')
  return own.id
}
