import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { preview } from 'vite'
import { buildPages } from './build.mjs'

const root = fileURLToPath(new URL('../', import.meta.url))

/** A board's page stands in a folder of its own and has an address of its own. */
function addressesOf(boards) {
  const files = new Map(boards.map(({ address, file }) => [address, file]))
  return (req, _res, next) => {
    const [path, query] = req.url.split('?')
    const file = files.get(path)
    if (file !== undefined) req.url = query === undefined ? file : `${file}?${query}`
    next()
  }
}

/** What a board's page has to know of its stream. */
const metaOf = (boards) => ({
  name: 'meta-of-boards',
  transformIndexHtml: (html, { path }) => ({
    html,
    tags: Object.entries(boards.find(({ file }) => file === path)?.meta ?? {}).map(([name, content]) => ({
      tag: 'meta',
      attrs: { name, content },
      injectTo: 'head',
    })),
  }),
})

const routesOf = (boards, files) => ({
  name: 'routes-of-boards',
  configurePreviewServer({ middlewares }) {
    for (const { routes } of boards) {
      for (const [path, handle] of Object.entries(routes)) middlewares.use(path, handle)
    }
    middlewares.use(addressesOf(boards))
    middlewares.use(files)
  },
})

/**
 * Builds the boards' pages, as an application is built, and serves them with what belongs to them (streams, control requests) on one
 * origin. A board whose `file` is a folder serves it by its own routes.
 */
export async function servePages({ port, boards }) {
  // React's production build: the demo measures the page's main thread.
  process.env.NODE_ENV = 'production'
  const pages = boards.filter(({ file }) => file.endsWith('.html')).map(({ file }) => join(root, file))
  const files = await buildPages({ root, pages, plugins: [metaOf(boards)] })
  const server = await preview({
    configFile: false,
    root,
    logLevel: 'warn',
    clearScreen: false,
    plugins: [routesOf(boards, files)],
    preview: { host: '127.0.0.1', port, cors: false },
  })
  const { port: actualPort } = server.httpServer.address()
  return { url: `http://127.0.0.1:${actualPort}/`, close: () => server.close() }
}
