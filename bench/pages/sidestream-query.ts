import { openSidestream } from './open-sidestream.ts'
import { queryPage } from './query-page.ts'

const SCRIPT = '/sidestream-query-worker.js'

queryPage(({ stream, mode, worker }) =>
  openSidestream(
    stream,
    () =>
      worker === 'shared'
        ? new SharedWorker(SCRIPT, { type: 'module', name: 'bench' })
        : new Worker(SCRIPT, { type: 'module' }),
    mode,
  ),
)
