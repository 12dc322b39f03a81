import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('process.mjs', import.meta.url))

/** Starts the process that has the cities' log, and lets it be called. */
export async function startCitiesProcess({ mostCities, rate }) {
  const child = fork(program, [String(mostCities), String(rate)], { stdio: 'inherit' })
  const exited = once(child, 'exit')
  const waiting = new Map()
  let calls = 0

  exited.then(() => {
    for (const { reject } of waiting.values()) reject(new Error('The process of the cities has ended'))
    waiting.clear()
  })
  const ended = exited.then(([code]) => {
    throw new Error(`The process of the cities ended with ${code}`)
  })
  const [{ ready }] = await Promise.race([once(child, 'message'), ended])
  ended.catch(() => {})
  child.on('message', ({ id, value }) => {
    waiting.get(id)?.resolve(value)
    waiting.delete(id)
  })

  return {
    base: ready.base,
    exited,
    call(call, argument) {
      calls += 1
      const id = calls
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject })
        child.send({ id, call, argument }, (error) => error && reject(error))
      })
    },
    async stop() {
      child.kill()
      await exited
    },
  }
}
