import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { within } from './within.mjs'

const entry = fileURLToPath(new URL('../server/process.mjs', import.meta.url))
const SEED_MS_PER_ROW = 2
const CALL_MS = 30_000

/** Starts the server process on a stream of `rows` inserts; resolves when the stream is seeded. */
export async function startServer({ dir, rows }) {
  const child = fork(entry, [dir, String(rows)])
  const waiting = new Map()
  let nextId = 0

  const ready = new Promise((resolve, reject) => {
    child.on('message', (message) => {
      if (message.ready) return resolve(message.ready)
      const call = waiting.get(message.id)
      waiting.delete(message.id)
      if (message.error === undefined) call.resolve(message.value)
      else call.reject(new Error(`bench server: ${message.error}`))
    })
    child.on('exit', (code) => {
      const gone = new Error(`bench server: exited with ${String(code)}`)
      reject(gone)
      for (const call of waiting.values()) call.reject(gone)
    })
  })
  const call = (name, argument) => {
    const answered = new Promise((resolve, reject) => {
      waiting.set((nextId += 1), { resolve, reject })
      child.send({ id: nextId, call: name, argument }, (error) => error && reject(error))
    })
    return within(CALL_MS, `bench server: ${name}`, answered)
  }

  const addresses = await within(60_000 + rows * SEED_MS_PER_ROW, 'seeding the stream', ready)
  return {
    ...addresses,
    change: (size) => call('change', size),
    setLink: (link) => call('setLink', link),
    wireBytes: () => call('wireBytes'),
    traffic: () => call('traffic'),
    stop: () => child.connected && child.disconnect(),
  }
}
