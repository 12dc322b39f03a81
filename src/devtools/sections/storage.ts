import type { StorageMode } from '../../shared/status.ts'
import { h, type Node } from '../dom.ts'
import { bytes, percent } from '../format.ts'
import type { View } from '../look.ts'
import { badge, block, facts, offsetText, type Tone } from '../parts.ts'

const MODES: Readonly<Record<StorageMode, readonly [string, Tone]>> = {
  opening: ['being opened', 'warn'],
  indexeddb: ['in IndexedDB', 'good'],
  'read-only': ['another engine writes it', 'calm'],
  memory: ['in memory only', 'warn'],
}

export function storage({ status, storage: facets }: View): ReadonlyArray<Node> {
  const [text, tone] = MODES[status.storage]
  const { usage, quota, persisted } = facets ?? { usage: null, quota: null, persisted: null }
  return [
    block(
      'Cache',
      null,
      facts([
        ['Rows are kept', badge(text, tone)],
        ['Up to offset', status.persistedOffset === null ? '–' : offsetText(status.persistedOffset)],
        ['Cleared', status.cleared ? badge('yes', 'warn') : 'no'],
      ]),
    ),
    block(
      'This origin',
      'As the browser counts it: all of the origin, not only this cache.',
      facts([
        ['Used', bytes(usage)],
        ['Quota', bytes(quota)],
        ['Used of the quota', usage === null || quota === null ? '–' : percent(usage, quota)],
        ['Persisted', persisted === null ? 'not known' : persisted ? badge('yes', 'good') : badge('no: the browser may delete it', 'warn')],
      ]),
      usage === null || quota === null || quota === 0 ? null : h('meter', { min: '0', max: '1', value: String(usage / quota), 'aria-label': 'Used of the quota' }),
    ),
  ]
}
