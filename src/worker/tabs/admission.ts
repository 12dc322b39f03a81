import type { EngineContract, Hello, TabContract } from '../../shared/calls.ts'

/** Where tabs are admitted: to engines here, or to another tab's. */
export interface Admission {
  /**
   * Admits a tab.
   * @param gone aborts when the tab is known to be gone
   * @throws SidestreamError `VERSION_MISMATCH`
   */
  admit(hello: Hello, tab: TabContract, gone: AbortController): EngineContract
}
