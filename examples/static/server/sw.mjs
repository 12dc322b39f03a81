// BUILD, DATA and FILES are put in by ../build.mjs.
import { RATES } from '../../cities/server/rates.mjs'
import { createGenerator } from '../../server/generator.mjs'
import { createLogCalls, logRequests } from '../../server/log-calls.mjs'
import { answerControl } from './control.mjs'
import { createFiles } from './files.mjs'
import { createCitiesLog } from './cities-log.mjs'
import { answerStream } from './stream.mjs'
import { openStorage } from './storage.mjs'

const FIRST_RATE = 1000
const CONTROL = 'demo/cities'
const STREAM = 'cities-stream/'

const scope = new URL(self.registration.scope)
const files = createFiles({ scope, build: BUILD, names: FILES })

async function startServer() {
  const [storage, data] = await Promise.all([openStorage(scope.pathname), files.json(DATA)])
  const stored = await storage.load()
  // Another build's log may have other events at the same places.
  const state = stored?.build === BUILD ? stored : undefined
  const log = createCitiesLog({ data, state, pathOf: (id) => scope.pathname + STREAM + id })
  const generator = createGenerator({ log, nextChange: (hotShare) => hotShare, rate: state?.rate ?? FIRST_RATE })
  const calls = createLogCalls({ log, generator, about: log.about })
  let saved
  let isOpen = state?.open ?? true

  const gate = {
    get open() {
      return isOpen
    },
    set open(value) {
      isOpen = value
      log.wake()
    },
  }

  /**
   * What a reader is told of has been stored: a browser ends a service worker when it likes, and the next one must not have a
   * shorter log at the same address.
   */
  async function save() {
    const next = { build: BUILD, rate: generator.rate, open: isOpen, ...log.state() }
    const text = JSON.stringify(next)
    if (text === saved) return
    await storage.save(next)
    saved = text
  }

  const requests = logRequests({ ask: (call, argument) => calls[call](argument), gate, rates: RATES })
  return { log, gate, requests, save }
}

let started
const server = () => {
  started ??= startServer().catch((error) => {
    started = undefined
    throw error
  })
  return started
}

async function answer(request, path) {
  try {
    const { requests, ...board } = await server()
    if (path.startsWith(STREAM)) return await answerStream({ request, ...board })
    const response = await answerControl(request, path.slice(CONTROL.length), requests)
    await board.save()
    return response
  } catch {
    // As a server that cannot answer now: the board asks again, and the worker too.
    return new Response(null, { status: 503 })
  }
}

self.addEventListener('install', (event) => event.waitUntil(files.install()))
self.addEventListener('activate', (event) => event.waitUntil(files.removeOld().then(() => self.clients.claim())))
self.addEventListener('message', (event) => event.data === 'claim' && event.waitUntil(self.clients.claim()))

self.addEventListener('fetch', (event) => {
  const { origin, pathname } = new URL(event.request.url)
  if (origin !== scope.origin || !pathname.startsWith(scope.pathname)) return
  const path = pathname.slice(scope.pathname.length)
  const isServers = path.startsWith(STREAM) || path.startsWith(`${CONTROL}/`)
  event.respondWith(isServers ? answer(event.request, path) : files.answer(event.request, path))
})
