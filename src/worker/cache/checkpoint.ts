import type { Anchor } from '../core/anchor.ts'
import type { State } from '../core/materialize.ts'

/** The engine's state at the end of a batch. No other state is stored. */
export interface Checkpoint {
  readonly state: State
  readonly offset: string
  readonly anchor: Anchor | null
  readonly txids: ReadonlyArray<string>
  readonly complete: boolean
}
