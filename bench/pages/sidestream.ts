import { measure } from './measure.ts'
import { openSidestream } from './open-sidestream.ts'

measure(({ stream }) => openSidestream(stream, () => new Worker('/sidestream-worker.js', { type: 'module' })))
