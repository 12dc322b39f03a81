import type { ConnectMessage } from '../shared/calls.ts'
import type { StreamStateDefinition } from '../shared/state-schema.ts'
import type { Transform } from '../shared/transform.ts'
import { browserEnv } from '../worker/env/browser-env.ts'
import type { EngineEnv, Lock, Locks } from '../worker/ports.ts'
import { Host } from '../worker/host.ts'
import { emptyOutbox, MemoryOutbox } from '../worker/store/memory-outbox.ts'
import { emptyMedium, MemoryStore } from '../worker/store/memory-store.ts'
import { accept } from '../worker/tabs/comlink.ts'
import { validatorsOf } from '../worker/validators.ts'
import type { MemorySource } from './memory-source.ts'
import { TestClock } from './test-clock.ts'

export { MemorySource, type TestFailure } from './memory-source.ts'

export interface TestEngine {
  readonly serve: (message: ConnectMessage) => void
  /** Skips so much time that earlier failures do not count any more. */
  readonly skip: () => void
}

/** The engine of one test: in the page, over a stream in memory, without storage and without other tabs. */
export function testEngine(source: MemorySource, state: StreamStateDefinition, transform: Transform | null): TestEngine {
  const browser = browserEnv()
  const clock = new TestClock(browser.clock)
  const env: EngineEnv = {
    ...browser,
    clock,
    locks: NO_LOCKS,
    openChannel: () => null,
    openStore: () => Promise.resolve(new MemoryStore(emptyMedium())),
    openOutbox: () => Promise.resolve(new MemoryOutbox(emptyOutbox())),
    createSource: () => source,
  }
  const validators = validatorsOf(state)
  const admission = new Host(env, () => validators, () => transform, 0).at({ where: 'page', aliveLock: null })
  return {
    serve: (message) => {
      accept(admission, message)
    },
    skip: () => {
      clock.skip()
    },
  }
}

const granted = (): Promise<Lock> => Promise.resolve({ release: () => undefined, lost: new Promise(() => undefined) })
/** Like a browser without Web Locks. `wait` never settles, so a test's tab never counts as gone. */
const NO_LOCKS: Locks = { areReal: false, take: granted, wait: () => new Promise(() => undefined), steal: granted }
