import type { EngineHome } from 'sidestream'

interface Home {
  name: string
  meaning: string
  /** What there is to try from here. */
  hint: string
}

export const HOMES: Record<EngineHome, Home> = {
  'shared-worker': {
    name: 'shared worker',
    meaning: 'One worker serves all tabs',
    hint: 'One worker for all tabs. Try Dedicated, then close the tab that leads.',
  },
  leader: {
    name: 'leader',
    meaning: 'This tab’s own worker, which serves the other tabs too',
    hint: 'This tab leads. Open another, close this one, and watch its Failovers.',
  },
  follower: {
    name: 'follower',
    meaning: 'The worker of the tab that leads',
    hint: 'Another tab leads. Close it, and watch Failovers here.',
  },
  page: {
    name: 'page',
    meaning: 'This page, on its UI thread',
    hint: 'Each tab reads the stream itself, on its UI thread. Compare the stalls.',
  },
}
