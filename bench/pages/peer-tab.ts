import { liveTab } from './live-tab.ts'
import { openPeer } from './open-peer.ts'

liveTab(({ stream }) => openPeer(stream))
