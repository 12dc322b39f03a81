import { IdbOutbox } from '../../src/worker/store/idb-outbox.ts'
import { testIdbOutbox } from './idb-outbox-contract.ts'
import { ManualClock } from './manual-clock.ts'
import { testOutboxContract } from './outbox-contract.ts'
import { putRawOutbox } from './raw-idb.ts'

const clock = new ManualClock()
testOutboxContract('IdbOutbox in a browser', { open: (name) => IdbOutbox.open(name, clock), putRaw: putRawOutbox })
testIdbOutbox('IdbOutbox in a browser')
