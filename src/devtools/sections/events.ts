import { h, type Node } from '../dom.ts'
import { count, plural, time } from '../format.ts'
import type { View } from '../look.ts'
import { badge, block, empty, mono, offsetText, table } from '../parts.ts'

export function quarantine({ status, inspection, timeline }: View): ReadonlyArray<Node> {
  const { count: all } = status.quarantined
  if (all === 0) return [block('Quarantine', null, empty('No event was kept out of the collections.'))]
  const events = [...(inspection?.quarantined ?? [])].reverse()
  const missing = all > events.length ? ` ${plural(all - events.length, 'other', 'others')} came earlier, and ${all - events.length === 1 ? 'is' : 'are'} not kept.` : ''
  return [
    block(
      'Quarantine',
      `${plural(all, 'event')} in no collection, because ${all === 1 ? 'it is' : 'they are'} malformed or refused. Newest first.${missing}`,
      h(
        'ul',
        { class: 'cards' },
        ...events.map(({ at, code, reason, offset, text }, index) =>
          h(
            'li',
            { key: String(events.length - index), class: 'card' },
            h('div', { class: 'card-head' }, badge(code, 'bad'), h('time', { class: 'mono' }, time(timeline.wall(at))), h('span', {}, 'offset ', offsetText(offset))),
            h('p', {}, reason),
            h('pre', { tabindex: '0', 'aria-label': 'The event' }, text),
          ),
        ),
      ),
    ),
  ]
}

export function events({ inspection, timeline }: View): ReadonlyArray<Node> {
  const read = [...(inspection?.events ?? [])].reverse()
  if (read.length === 0) return [block('Events', 'The worker keeps them while this panel looks.', empty('None came since.'))]
  return [
    block(
      'Events',
      `The last ${count(read.length)}, newest first. The worker keeps them while this panel looks.`,
      table(
        'Events',
        [{ name: 'Time' }, { name: 'Operation' }, { name: 'Type' }, { name: 'Key' }, { name: 'Event' }],
        read.map(({ number, at, kind, operation, type, key, text }) => ({
          key: String(number),
          cells: [mono(time(timeline.wall(at))), kind === 'malformed' ? badge(operation, 'bad') : kind === 'control' ? badge(operation, 'calm') : operation, type, mono(key), h('code', {}, text)],
        })),
      ),
    ),
  ]
}
