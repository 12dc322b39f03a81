import 'sidestream/worker'
import { openSessions } from '../../../src/worker/tabs/comlink.ts'

// Each worker that still runs answers with the sessions that it keeps anything of.
const channel = new BroadcastChannel('sessions')
channel.addEventListener('message', ({ data }) => {
  if (data === 'count') channel.postMessage({ sessions: openSessions() })
})
