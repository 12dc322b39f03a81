import { createControl } from './control.mjs'
import { startLogProcess } from './child.mjs'
import { createGate } from './gate.mjs'
import { logRequests } from './log-calls.mjs'

/**
 * A board with a log of its own, which many changes a second go into: its page, and what answers under the page's origin. The log's
 * process is started for the first visitor.
 * @param name of the board
 * @param commands of this board only: path → a function of the way to call the process and of the request's body
 */
export function createLogBoard({ name, address, file, program, args, rates, commands = {} }) {
  let started
  let proxy
  let isOpen = true

  /** To the stream, also before there is one. */
  const gate = {
    get open() {
      return isOpen
    },
    set open(value) {
      isOpen = value
      if (proxy) proxy.open = value
    },
  }

  const child = async () => {
    started ??= startLogProcess(program, args).then((each) => {
      proxy = createGate(each.base)
      proxy.open = isOpen
      each.exited.then(() => (started = undefined))
      return each
    })
    return started
  }
  const ask = async (call, argument) => (await child()).call(call, argument)

  const control = createControl(logRequests({ ask, gate, rates, commands }))

  return {
    address,
    file,
    meta: {},
    routes: {
      [`/${name}-stream`]: (req, res) => (proxy ? proxy.handle(req, res) : res.writeHead(404).end()),
      [`/demo/${name}`]: control,
    },
    async stop() {
      proxy?.close()
      await (await started)?.stop()
    },
  }
}
