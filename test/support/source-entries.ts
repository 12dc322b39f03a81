import { fileURLToPath } from 'node:url'

const root = new URL('../../', import.meta.url)

/** The package's own names, resolved to sources, as its `exports` resolve them to builds. */
export const sourceAliases = [
  { find: /^sidestream$/, replacement: fileURLToPath(new URL('src/main/index.ts', root)) },
  { find: /^sidestream\/state$/, replacement: fileURLToPath(new URL('src/shared/index.ts', root)) },
  { find: /^sidestream\/testing$/, replacement: fileURLToPath(new URL('src/testing/index.ts', root)) },
  { find: /^sidestream\/devtools$/, replacement: fileURLToPath(new URL('src/devtools/index.ts', root)) },
  { find: /^sidestream\/worker-with-queries$/, replacement: fileURLToPath(new URL('src/worker/with-queries.ts', root)) },
  { find: /^sidestream\/worker$/, replacement: fileURLToPath(new URL('src/worker/index.ts', root)) },
]

/** Named up front: a dependency that Vite discovers late, inside a worker say, reloads the page under a test. */
export const prebundled = ['idb', 'comlink', '@durable-streams/client', '@tanstack/db', 'valibot']
