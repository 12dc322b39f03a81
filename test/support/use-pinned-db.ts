import type { Plugin } from 'vite'
import type { PinnedDb } from './pinned-db.ts'

/** The engine is published as a bundle with a TanStack DB of its own, so that its sources keep the one that is built in. */
const OF_THE_ENGINE = /\/src\/(worker|in-page|shared)\//

/** The tab's side and the tests import TanStack DB in the version that an adapter has pinned. */
export function usePinnedDb({ version, entry }: PinnedDb): Plugin {
  return {
    name: `tanstack-db-${version}`,
    enforce: 'pre',
    resolveId: (source, importer) => (source === '@tanstack/db' && !OF_THE_ENGINE.test(importer ?? '') ? entry : null),
  }
}
