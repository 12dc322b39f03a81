import { join } from 'node:path'
import { createControl } from '../../server/control.mjs'
import { buildTasks } from './build.mjs'
import { createDevices } from './devices.mjs'
import { startOrigin } from './origin.mjs'

/** The task list: its built page, and what answers under the page's origin. All of it is made for the first visitor. */
export function createTasks({ folder }) {
  let built
  let started

  async function start(port) {
    // A browser's caches are of one port, and so is the list.
    const origin = await startOrigin(join(folder, String(port)))
    return { origin, devices: createDevices(origin.base) }
  }
  const running = (req) => (started ??= start(req.socket.localPort))

  function page(req, res, next) {
    if (req.originalUrl === '/tasks') return void res.writeHead(308, { location: '/tasks/' }).end()
    built ??= buildTasks()
    built.then((answer) => answer(req, res)).catch(next)
  }

  function stream(req, res, next) {
    running(req).then(({ devices }) => devices.handle(req, res)).catch(next)
  }

  async function stateOf(req, res) {
    const { gate } = (await running(req)).devices.known(req, res)
    return { offline: !gate.open }
  }

  const control = createControl({
    readings: { '/state': (_, req, res) => stateOf(req, res) },
    commands: {
      '/offline': async ({ offline }, req, res) => {
        if (typeof offline !== 'boolean') throw new TypeError('offline: boolean expected')
        const { gate } = (await running(req)).devices.known(req, res)
        gate.open = !offline
        return { offline }
      },
      '/refuse': async ({ id }, req, res) => {
        if (typeof id !== 'string' || id.length > 100) throw new TypeError('id: of a write expected')
        const { gate, refused } = (await running(req)).devices.known(req, res)
        refused.add(id)
        return { offline: !gate.open }
      },
    },
  })

  return {
    address: '/tasks/',
    file: '/tasks/',
    meta: {},
    routes: {
      '/tasks-stream': stream,
      '/demo/tasks': control,
      '/tasks': page,
    },
    async stop() {
      const { origin, devices } = (await started) ?? {}
      devices?.close()
      await origin?.stop()
    },
  }
}
