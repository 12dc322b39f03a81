import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../examples/serve.mjs', import.meta.url))

export interface Demo {
  /** With a trailing slash. */
  readonly url: string
  close(): Promise<void>
}

/** Starts the demo as `npm run demo` does, on a free port. */
export async function startDemo(...options: string[]): Promise<Demo> {
  const child = spawn(process.execPath, [program, '--port', '0', ...options], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const close = async (): Promise<void> => {
    child.kill('SIGTERM')
    await exited
  }
  for await (const line of createInterface(child.stdout)) {
    const url = /http:\S+/.exec(line)?.[0]
    if (url !== undefined) return { url, close }
  }
  await exited
  throw new Error(`The demo ended with ${String(child.exitCode)} and never said where it is`)
}
