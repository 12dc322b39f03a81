import { exposeStreamDB } from 'sidestream/worker'
import { CRASH } from './play/crash.ts'
import { schema } from './schema.ts'

exposeStreamDB({ state: schema })

// Only the button "Crash this tab" needs this: the worker ends at once, whatever it is doing.
new BroadcastChannel(CRASH).addEventListener('message', () => close())
