import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { createServer } from 'vite'
import { buildPages } from './build.mjs'
import { sourceAliases } from './sources.mjs'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))

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

/**
 * Serves the boards' pages and what belongs to them (streams, control requests) on one origin.
 * @param built name of a board whose page is built first, as applications are: it then loads in a few requests
 */
export async function servePages({ port, boards, built }) {
  // React's production build: the demo measures the page's main thread.
  process.env.NODE_ENV = 'production'
  const page = boards.find(({ address }) => address === `/${built}.html`)?.file
  const files = page && (await buildPages({ root: at('../'), pages: [at(`..${page}`)] }))
  const demo = {
    name: 'boards',
    configureServer({ middlewares }) {
      for (const { routes } of boards) {
        for (const [path, handle] of Object.entries(routes)) middlewares.use(path, handle)
      }
      middlewares.use(addressesOf(boards))
      if (files) middlewares.use(files)
    },
    transformIndexHtml: {
      order: 'post',
      handler: (html, { path }) => ({
        // Vite's client would only log: there is nothing to reload while the demo runs.
        html: html.replace(/<script[^>]*\/@vite\/client[^>]*><\/script>/, ''),
        tags: Object.entries(boards.find(({ file }) => file === path)?.meta ?? {}).map(([name, content]) => ({
          tag: 'meta',
          attrs: { name, content },
          injectTo: 'head',
        })),
      }),
    },
  }
  const server = await createServer({
    configFile: false,
    root: at('../'),
    cacheDir: at('../../node_modules/.vite-examples'),
    mode: 'production',
    logLevel: 'warn',
    clearScreen: false,
    plugins: [react(), demo],
    resolve: { alias: sourceAliases },
    // Everything is named here, so that nothing is discovered late: that would reload the page on its first visit.
    optimizeDeps: {
      noDiscovery: true,
      include: [
        'react',
        'react/jsx-runtime',
        'react-dom/client',
        '@tanstack/react-db',
        '@tanstack/db',
        '@tanstack/db-ivm',
        '@durable-streams/client',
        '@durable-streams/state/db',
        'comlink',
        'idb',
        'valibot',
      ],
    },
    server: {
      host: '127.0.0.1',
      port,
      hmr: false,
      watch: null,
      cors: false,
      fs: { allow: [at('../../')] },
      warmup: { clientFiles: ['./flights/src/main.tsx', './flights/src/sync.worker.ts', './cities/src/main.tsx', './dashboard/src/main.ts', './dashboard/src/page.tsx', './dashboard/src/sync.worker.ts'] },
    },
  })
  await server.listen()
  const address = server.httpServer?.address()
  const actualPort = typeof address === 'object' && address ? address.port : port
  return { url: `http://127.0.0.1:${actualPort}/`, close: () => server.close() }
}
