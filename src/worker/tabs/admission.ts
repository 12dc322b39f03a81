import type { EngineContract, Hello, TabContract } from '../../shared/calls.ts'

/** Admits tabs: to engines of this worker, or to another worker's. */
export interface Admission {
  /**
   * Admits a tab.
   * @param gone aborts when the tab is known to be gone
   * @throws SidestreamError `VERSION_MISMATCH`
   */
  admit(hello: Hello, tab: TabContract, gone: AbortController): EngineContract
}
