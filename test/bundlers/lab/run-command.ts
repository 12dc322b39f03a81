import { spawn } from 'node:child_process'
import { once } from 'node:events'

const QUIET = { NO_COLOR: '1', NEXT_TELEMETRY_DISABLED: '1', npm_config_audit: 'false', npm_config_fund: 'false', npm_config_update_notifier: 'false' }
const COMMAND_LIMIT_MS = 300_000
const START_LIMIT_MS = 90_000
const PROBE_MS = 100

export interface Running {
  readonly url: string
  stop(): Promise<void>
}

function start(folder: string, command: string): { readonly process: ReturnType<typeof spawn>; readonly said: () => string } {
  // A group of its own: the shell's children end with it. Some servers end when nobody can write to them.
  const process = spawn('sh', ['-c', command], { cwd: folder, env: environment(), stdio: ['pipe', 'pipe', 'pipe'], detached: true })
  let said = ''
  const listen = (chunk: Buffer): void => {
    said += String(chunk)
  }
  process.stdout.on('data', listen)
  process.stderr.on('data', listen)
  return { process, said: () => said }
}

/** What this process was started with for itself would change what a bundler does. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_ENV: _mode, NODE_OPTIONS: _options, ...rest } = process.env
  return { ...rest, ...QUIET }
}

function end(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

/** @returns what the command said @throws Error with that, when the command fails or does not end */
export async function runCommand(folder: string, command: string): Promise<string> {
  const { process, said } = start(folder, command)
  process.stdin?.end()
  const limit = setTimeout(() => { end(process.pid) }, COMMAND_LIMIT_MS)
  const [code] = (await once(process, 'close')) as [number | null]
  clearTimeout(limit)
  if (code !== 0) throw new Error(`${command} failed (${String(code)}): ${said().slice(-6000)}`)
  return said()
}

/** Starts a server, and waits until it answers. @throws Error with what it said, when it does not */
export async function startServer(folder: string, command: string, port: number): Promise<Running> {
  const { process, said } = start(folder, command)
  const url = `http://127.0.0.1:${String(port)}`
  const closed = once(process, 'close')
  const until = Date.now() + START_LIMIT_MS
  for (;;) {
    const answers = await fetch(url, { signal: AbortSignal.timeout(START_LIMIT_MS) }).then((answer) => answer.ok, () => false)
    if (answers) break
    if (process.exitCode !== null || Date.now() > until) {
      end(process.pid)
      throw new Error(`${command} does not serve: ${said().slice(-6000)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, PROBE_MS))
  }
  return {
    url,
    stop: async () => {
      end(process.pid)
      await closed
    },
  }
}
