import type { TabDescription } from '../../src/shared/calls.ts'

/** A tab that has not been anywhere before. */
export const newTab = (given: Partial<TabDescription> = {}): TabDescription => ({
  hasRows: false,
  have: null,
  modes: {},
  subsets: [],
  pendingKeys: {},
  visible: true,
  failovers: 0,
  cleared: false,
  ...given,
})
