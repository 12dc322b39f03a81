import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { within } from './within.mjs'

const CALL_MS = 30_000

/**
 * Starts a process of `server/` and waits until it is ready.
 *
 * @returns what it says of itself then, `call` for its calls, and `stop`
 */
export async function startChild(name, { args, startMs }) {
  const child = fork(fileURLToPath(new URL(`../server/${name}.mjs`, import.meta.url)), args.map(String))
  const waiting = new Map()
  let nextId = 0

  const ready = new Promise((resolve, reject) => {
    child.on('message', (message) => {
      if ('ready' in message) return resolve(message.ready)
      const call = waiting.get(message.id)
      waiting.delete(message.id)
      if (message.error === undefined) call.resolve(message.value)
      else call.reject(new Error(`bench ${name}: ${message.error}`))
    })
    child.on('exit', (code) => {
      const gone = new Error(`bench ${name}: exited with ${String(code)}`)
      reject(gone)
      for (const call of waiting.values()) call.reject(gone)
    })
  })
  const call = (method, argument, ms = CALL_MS) => {
    const answered = new Promise((resolve, reject) => {
      waiting.set((nextId += 1), { resolve, reject })
      child.send({ id: nextId, call: method, argument }, (error) => error && reject(error))
    })
    return within(ms, `bench ${name}: ${method}`, answered)
  }
  const said = await within(startMs, `starting bench ${name}`, ready)
  return { said, call, stop: () => child.connected && child.disconnect() }
}
