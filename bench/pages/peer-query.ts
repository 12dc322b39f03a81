import { openPeer } from './open-peer.ts'
import { queryPage } from './query-page.ts'

queryPage(({ stream }) => openPeer(stream))
