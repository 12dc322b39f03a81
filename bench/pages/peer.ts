import { measure } from './measure.ts'
import { openPeer } from './open-peer.ts'

measure(({ stream }) => openPeer(stream))
