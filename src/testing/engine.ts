import type { ConnectMessage } from '../shared/calls.ts'
import type { StreamStateDefinition } from '../shared/state-schema.ts'
import type { Transform } from '../shared/transform.ts'
import { browserEnv } from '../worker/env/browser-env.ts'
import type { EngineEnv, Lock, Locks } from '../worker/ports.ts'
import { Host } from '../worker/host.ts'
import { emptyMedium, MemoryStore } from '../worker/store/memory-store.ts'
import { accept } from '../worker/tabs/comlink.ts'
import { validatorsOf } from '../worker/validators.ts'
import type { MemorySource } from './memory-source.ts'

export { MemorySource, type TestFailure } from './memory-source.ts'

/** The engine of one test: in the page, over a stream in memory, without storage and without other tabs. */
export function serveTest(source: MemorySource, state: StreamStateDefinition, transform: Transform | null): (message: ConnectMessage) => void {
  const env: EngineEnv = {
    ...browserEnv(),
    locks: NO_LOCKS,
    openChannel: () => null,
    openStore: () => Promise.resolve(new MemoryStore(emptyMedium())),
    createSource: () => source,
  }
  const validators = validatorsOf(state)
  const admission = new Host(env, () => validators, () => transform, 0).at({ where: 'page', aliveLock: null })
  return (message) => {
    accept(admission, message)
  }
}

const granted = (): Promise<Lock> => Promise.resolve({ release: () => undefined, lost: new Promise(() => undefined) })
/** As where there are no locks; a tab of a test is never taken to be gone. */
const NO_LOCKS: Locks = { areReal: false, take: granted, wait: () => new Promise(() => undefined), steal: granted }
