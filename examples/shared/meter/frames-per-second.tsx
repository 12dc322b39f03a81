import { useSyncExternalStore } from 'react'
import { pace } from './frames.ts'

export function FramesPerSecond() {
  const { perSecond } = useSyncExternalStore(pace.subscribe, pace.getSnapshot)
  const tone = perSecond >= 55 ? 'good' : perSecond >= 30 ? 'warn' : 'bad'
  return (
    <p className={`pace ${tone}`}>
      <b>{perSecond}</b> frames per second
    </p>
  )
}
