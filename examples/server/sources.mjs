import { fileURLToPath } from 'node:url'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))

/** The library's own names, resolved to its sources. */
export const sourceAliases = [
  { find: /^sidestream$/, replacement: at('../../src/main/index.ts') },
  { find: /^sidestream\/state$/, replacement: at('../../src/shared/index.ts') },
  { find: /^sidestream\/devtools$/, replacement: at('../../src/devtools/index.ts') },
  { find: /^sidestream\/worker-with-queries$/, replacement: at('../../src/worker/with-queries.ts') },
  { find: /^sidestream\/worker$/, replacement: at('../../src/worker/index.ts') },
]
