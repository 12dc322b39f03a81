import { fork } from 'node:child_process'
import { once } from 'node:events'

/** Starts a process that has a board's log (see log-process.mjs), and lets it be called. */
export async function startLogProcess(program, args) {
  const child = fork(program, args.map(String), { stdio: 'inherit' })
  const exited = once(child, 'exit')
  const waiting = new Map()
  let calls = 0

  exited.then(() => {
    for (const { reject } of waiting.values()) reject(new Error('The process of the log has ended'))
    waiting.clear()
  })
  const ended = exited.then(([code]) => {
    throw new Error(`The process of the log ended with ${code}`)
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
