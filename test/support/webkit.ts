import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { findInstalled, isExecutable, namedExecutable } from './executable.ts'

/** How often a script that is under way is asked for its outcome, ms. */
const POLL_MS = 20
/** A start on a busy machine, ms. */
const START_LIMIT_MS = 30_000

interface Programs {
  readonly driver: string
  readonly display: string
  readonly browser: string
}

/** Folders that may have WebKitGTK's MiniBrowser, which is not on the path: it exists only for automation. */
const LIBRARIES = ['/usr/lib', '/usr/lib64', '/usr/libexec']

/** The programs that drive WebKitGTK, or the name of a missing program. */
export async function webkitPrograms(): Promise<Programs | string> {
  const driver = (await namedExecutable('SIDESTREAM_WEBKIT_DRIVER')) ?? (await findInstalled(['WebKitWebDriver']))
  if (driver === undefined) return 'WebKitWebDriver'
  const display = await findInstalled(['Xvfb'])
  if (display === undefined) return 'Xvfb'
  const browser = await findMiniBrowser()
  return browser === undefined ? 'MiniBrowser' : { driver, display, browser }
}

async function findMiniBrowser(): Promise<string | undefined> {
  const names = async (folder: string): Promise<string[]> => readdir(folder).catch(() => [])
  for (const library of LIBRARIES) {
    for (const platform of ['.', ...(await names(library)).filter((name) => name.endsWith('-linux-gnu'))]) {
      const folder = join(library, platform)
      for (const name of (await names(folder)).filter((entry) => entry.startsWith('webkit')).sort().reverse()) {
        const path = join(folder, name, 'MiniBrowser')
        if (await isExecutable(path)) return path
      }
    }
  }
  return undefined
}

export interface WebKitTab {
  goto(url: string): Promise<void>
  /** Calls the function in the page, with arguments and an answer that are JSON; one that takes its time holds up no other tab. */
  evaluate<A extends unknown[], T>(work: (...args: A) => T, ...args: A): Promise<Awaited<T>>
  /** Settles when the function answers with something truthy. */
  waitFor<A extends unknown[]>(work: (...args: A) => unknown, ...args: A): Promise<void>
  close(): Promise<void>
}

export interface OpenOptions {
  readonly hidden?: boolean
}

/** A WebKitGTK with storage of its own, which is gone when it closes. */
export interface WebKitBrowser {
  /** Opens a tab in a window of its own, or a hidden one, in the background. */
  open(url: string, options?: OpenOptions): Promise<WebKitTab>
  close(): Promise<void>
}

export async function launchWebKit(): Promise<WebKitBrowser> {
  const programs = await webkitPrograms()
  if (typeof programs === 'string') {
    throw new Error(`No ${programs} to test WebKit with. Install it (Debian: apt-get install webkit2gtk-driver xvfb).`)
  }
  const children: ChildProcess[] = []
  const end = async (): Promise<void> => {
    for (const child of children.splice(0).reverse()) await endProcess(child)
  }
  try {
    const display = start(programs.display, ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'])
    children.push(display)
    const number = await withinStart(firstLine(display, display.stdio[3] as Readable), 'Xvfb')
    const port = await freePort()
    const driver = start(programs.driver, ['--host=127.0.0.1', `--port=${String(port)}`], { DISPLAY: `:${number}` })
    children.push(driver)
    const session = await withinStart(openSession(`http://127.0.0.1:${String(port)}`, driver, programs.browser), 'WebKitWebDriver')
    return { open: (url, options) => session.openTab(url, options), close: () => session.end().catch(() => undefined).then(end) }
  } catch (error) {
    await end()
    throw error
  }
}

class Session {
  readonly #url: string
  /** The first window, which stays blank: a session without windows ends, and a new one is asked for in one that is open. */
  readonly #blank: string
  /** Commands go to the window that was chosen last, so a choice and its command belong together. */
  #queue: Promise<unknown> = Promise.resolve()

  constructor(url: string, blank: string) {
    this.#url = url
    this.#blank = blank
  }

  async openTab(url: string, { hidden = false }: OpenOptions = {}): Promise<WebKitTab> {
    // A new tab of a window that has one stays behind it.
    const kind = { type: hidden ? 'tab' : 'window' }
    const { handle } = await this.#in<{ handle: string }>(this.#blank, 'POST', '/window/new', kind)
    const inTab = <T>(method: string, path: string, body?: object): Promise<T> => this.#in(handle, method, path, body)
    const run = <T>(script: string, args: unknown[]): Promise<T> => inTab<T>('POST', '/execute/sync', { script, args })
    const evaluate: WebKitTab['evaluate'] = async (work, ...args) => {
      const id = await run<number>(BEGIN, [work.toString(), JSON.stringify(args)])
      for (;;) {
        const outcome = await run<{ error?: string; value?: string } | 'pending' | null>(COLLECT, [id])
        if (outcome === null) throw new Error('The page has been left')
        if (outcome !== 'pending') {
          if (outcome.error !== undefined) throw new Error(outcome.error)
          return outcome.value === undefined ? undefined : JSON.parse(outcome.value)
        }
        await pause(POLL_MS)
      }
    }
    const tab: WebKitTab = {
      goto: (target) => inTab('POST', '/url', { url: target }),
      evaluate,
      waitFor: async (work, ...args) => {
        while (!(await evaluate(work, ...args))) await pause(POLL_MS)
      },
      close: () => inTab('DELETE', '/window'),
    }
    await tab.goto(url)
    return tab
  }

  end(): Promise<void> {
    return this.#alone(() => send('DELETE', this.#url))
  }

  #in<T>(window: string, method: string, path: string, body?: object): Promise<T> {
    return this.#alone(async () => {
      await send('POST', `${this.#url}/window`, { handle: window })
      return send<T>(method, `${this.#url}${path}`, body)
    })
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work)
    this.#queue = done.catch(() => undefined)
    return done
  }
}

// The driver's own asynchronous scripts would keep every other tab waiting.
const BEGIN = `
  const [source, args] = arguments
  const running = window.__evaluated ??= []
  const entry = { outcome: 'pending' }
  running.push(entry)
  Promise.resolve().then(() => (0, eval)('(' + source + ')')(...JSON.parse(args))).then(
    (value) => { entry.outcome = { value: JSON.stringify(value) } },
    (error) => { entry.outcome = { error: String(error && error.message || error) } })
  return running.length - 1`

const COLLECT = `
  const entry = window.__evaluated?.[arguments[0]]
  return entry === undefined ? null : entry.outcome`

async function openSession(url: string, driver: ChildProcess, binary: string): Promise<Session> {
  const died = once(driver, 'exit').then(() => Promise.reject(new Error('WebKitWebDriver ended at its start')))
  died.catch(() => undefined)
  for (;;) {
    if (await Promise.race([listens(url), died])) break
    await pause(POLL_MS)
  }
  const options = { binary, args: ['--automation'] }
  const capabilities = { alwaysMatch: { browserName: 'MiniBrowser', 'webkitgtk:browserOptions': options } }
  const { sessionId } = await Promise.race([send<{ sessionId: string }>('POST', `${url}/session`, { capabilities }), died])
  const session = `${url}/session/${sessionId}`
  return new Session(session, await send<string>('GET', `${session}/window`))
}

async function listens(url: string): Promise<boolean> {
  return send('GET', `${url}/status`).then(
    () => true,
    () => false,
  )
}

async function send<T>(method: string, url: string, body?: object): Promise<T> {
  const init = method === 'POST' ? { body: JSON.stringify(body ?? {}), headers: { 'content-type': 'application/json' } } : {}
  const answer = await fetch(url, { method, ...init })
  const { value } = (await answer.json()) as { value: T & { error?: string; message?: string } }
  if (!answer.ok) throw new Error(`WebDriver ${method} ${new URL(url).pathname}: ${value.error ?? ''} ${value.message ?? ''}`)
  return value
}

async function firstLine(child: ChildProcess, source: Readable): Promise<string> {
  const died = Promise.race([once(child, 'exit'), once(child, 'error')]).then(() => {
    throw new Error('Xvfb ended at its start')
  })
  died.catch(() => undefined)
  const [chunk] = (await Promise.race([once(source, 'data'), died])) as [Buffer]
  return String(chunk).trim()
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function withinStart<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => { reject(new Error(`${what} does not start`)) }, START_LIMIT_MS)
  })
  return Promise.race([work, late]).finally(() => { clearTimeout(timer) })
}

/**
 * Starts a program in a process group of its own. A shell ends the group when the program ends, or when the shell's input ends:
 * the input ends with this process, also when the process is killed.
 */
function start(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const watch = '( "$0" "$@" </dev/null; kill 0 ) & cat >/dev/null; kill 0'
  return spawn('sh', ['-c', watch, program, ...args], {
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    detached: true,
    env: { ...process.env, ...env },
  })
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, name)
  } catch {
    // Gone already.
  }
}

async function endProcess(child: ChildProcess): Promise<void> {
  const gone = child.exitCode !== null || child.signalCode !== null ? undefined : once(child, 'exit')
  signal(child, 'SIGTERM')
  const timer = setTimeout(() => { signal(child, 'SIGKILL') }, 3000)
  await gone
  clearTimeout(timer)
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms) })
