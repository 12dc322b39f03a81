import { IdbStore } from '../../src/worker/store/idb-store.ts'
import { testIdbStore } from './idb-contract.ts'
import { ManualClock } from './manual-clock.ts'
import { testStoreContract } from './store-contract.ts'

const clock = new ManualClock()
testStoreContract('IdbStore in a browser', { open: (name) => IdbStore.open(name, 'strict', clock) })
testIdbStore('IdbStore in a browser')
