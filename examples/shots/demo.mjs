import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../serve.mjs', import.meta.url))
const images = new URL('../../docs/images/', import.meta.url)

export const imagePath = (name) => fileURLToPath(new URL(name, images))

/** A demo of its own for each picture: none is to show what another visit has left. */
export async function withDemo(options, use) {
  const demo = spawn(process.execPath, [program, '--port', '0', ...options], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    for await (const line of createInterface(demo.stdout)) {
      const url = /http:\S+/.exec(line)?.[0]
      if (url !== undefined) return await use(url)
    }
  } finally {
    demo.kill('SIGTERM')
  }
}
