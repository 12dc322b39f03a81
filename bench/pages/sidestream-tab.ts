import { liveTab } from './live-tab.ts'
import { openSidestream } from './open-sidestream.ts'

const SCRIPT = '/sidestream-tab-worker.js'

liveTab(({ stream, mode }) =>
  openSidestream(stream, () =>
    mode === 'shared'
      ? new SharedWorker(SCRIPT, { type: 'module', name: 'bench' })
      : new Worker(SCRIPT, { type: 'module' }),
  ),
)
