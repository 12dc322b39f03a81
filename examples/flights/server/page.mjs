import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { createServer } from 'vite'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))

/** Serves the page, the stream behind its gate, and the control requests, all on one origin. */
export async function servePage({ port, streamPath, gate, control }) {
  // React's production build: the demo measures the page's main thread.
  process.env.NODE_ENV = 'production'
  const demo = {
    name: 'flights-demo',
    configureServer({ middlewares }) {
      middlewares.use('/streams', gate.handle)
      middlewares.use('/demo', control)
    },
    transformIndexHtml: {
      order: 'post',
      handler: (html) => ({
        // Vite's client would only log: there is nothing to reload while the demo runs.
        html: html.replace(/<script[^>]*\/@vite\/client[^>]*><\/script>/, ''),
        tags: [{ tag: 'meta', attrs: { name: 'stream-path', content: streamPath }, injectTo: 'head' }],
      }),
    },
  }
  const server = await createServer({
    configFile: false,
    root: at('../'),
    cacheDir: at('../../../node_modules/.vite-flights'),
    mode: 'production',
    logLevel: 'warn',
    clearScreen: false,
    plugins: [react(), demo],
    resolve: {
      alias: [
        { find: /^sidestream$/, replacement: at('../../../src/main/index.ts') },
        { find: /^sidestream\/state$/, replacement: at('../../../src/shared/index.ts') },
        { find: /^sidestream\/worker$/, replacement: at('../../../src/worker/index.ts') },
      ],
    },
    // Everything is named here, so that nothing is discovered late: that would reload the page on its first visit.
    optimizeDeps: {
      noDiscovery: true,
      include: [
        'react',
        'react/jsx-runtime',
        'react-dom/client',
        '@tanstack/react-db',
        '@tanstack/db',
        '@durable-streams/client',
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
      fs: { allow: [at('../../../')] },
      warmup: { clientFiles: ['./src/main.tsx', './src/sync.worker.ts'] },
    },
  })
  await server.listen()
  const address = server.httpServer?.address()
  const actualPort = typeof address === 'object' && address ? address.port : port
  return { url: `http://127.0.0.1:${actualPort}/`, close: () => server.close() }
}
