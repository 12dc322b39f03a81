import type { InspectedTab } from '../../shared/inspection.ts'
import type { ConnectionState, EngineHome } from '../../shared/status.ts'
import { h, type Node } from '../dom.ts'
import { age, count, plural, time } from '../format.ts'
import type { View } from '../look.ts'
import { badge, block, empty, facts, offsetText, table, type Tone } from '../parts.ts'

const TONES: Readonly<Record<ConnectionState, Tone>> = {
  idle: 'plain',
  connecting: 'warn',
  'catching-up': 'warn',
  live: 'good',
  paused: 'calm',
  offline: 'bad',
  'needs-auth': 'bad',
  'not-found': 'bad',
  failed: 'bad',
  ended: 'calm',
  closed: 'plain',
}

const HOMES: Readonly<Record<EngineHome, string>> = {
  'shared-worker': 'shared worker',
  leader: 'own worker, which leads',
  follower: 'follows the leader',
  page: 'in the page',
}

export const toneOf = (state: string): Tone => (Object.hasOwn(TONES, state) ? TONES[state as ConnectionState] : 'plain')

export const homeText = (where: string): string => (Object.hasOwn(HOMES, where) ? HOMES[where as EngineHome] : where)

export function overview(view: View): ReadonlyArray<Node> {
  return [position(view), tabs(view), timeline(view)]
}

function position({ status, inspection }: View): Node {
  const { offset, persistedOffset, upToDate, stale } = status
  return block(
    'Position',
    null,
    facts([
      // The status is newer than the engine's last answer.
      ['The engine has read', inspection ? offsetText(inspection.offset > offset ? inspection.offset : offset) : '–'],
      ['This tab shows', offsetText(offset)],
      ['The cache holds', persistedOffset === null ? 'nothing' : offsetText(persistedOffset)],
      ['Rows not in the cache yet', inspection ? count(inspection.unstored) : '–'],
      ['End of the stream', upToDate ? 'reached' : 'not reached'],
      ['Confirmed by the server', stale ? 'not yet' : 'yes'],
      ['Change events in the rows', inspection ? count(inspection.seq) : '–'],
      ['Of no collection', count(status.unknown)],
      ['Failed attempts', count(status.failedAttempts)],
    ]),
    status.lastError && h('p', { class: 'alert' }, badge(status.lastError.code, 'bad'), ` ${status.lastError.message}`),
  )
}

function tabs({ status, inspection }: View): Node {
  if (!inspection) return block('Tabs', null, empty(status.connection === 'closed' ? 'The StreamDB is closed.' : 'There is no engine yet.'))
  const leads = inspection.tabs.some(({ where }) => where === 'shared-worker') ? 'A shared worker runs the engine; no tab leads.' : inspection.tabs.some(({ where }) => where === 'page') ? 'Each page runs its own engine.' : 'The worker of one tab runs the engine for all.'
  return block(
    'Tabs',
    `${plural(inspection.tabs.length, 'StreamDB')} on engine ${inspection.epoch}. ${leads}`,
    table('Tabs', [{ name: 'Tab' }, { name: 'Engine' }, { name: 'Window' }, { name: 'Rows' }, { name: 'Offset' }, { name: 'Fail-overs', isNumber: true }], inspection.tabs.map(tabRow)),
  )
}

const tabRow = ({ isSelf, where, visible, started, behind, offset, failovers }: InspectedTab, index: number): { key: string; cells: ReadonlyArray<Node | string> } => ({
  key: String(index),
  cells: [
    isSelf ? h('span', {}, `${String(index + 1)} `, badge('this tab', 'calm')) : String(index + 1),
    where === 'leader' ? badge('leads', 'good') : homeText(where),
    visible ? 'visible' : 'hidden',
    started ? (behind ? badge('on their way', 'warn') : 'all sent') : 'not asked for',
    offsetText(offset),
    count(failovers),
  ],
})

function timeline({ timeline: { entries } }: View): Node {
  const now = Date.now()
  const items = entries.map(({ at, state, reason }, index) =>
    h(
      'li',
      { key: String(entries.length - index) },
      h('time', { class: 'mono', title: `${age(now - at)} ago` }, time(at)),
      badge(state, toneOf(state)),
      h('span', { class: 'reason' }, reason ?? ''),
    ),
  )
  return block('Connection', 'Newest first.', items.length > 0 ? h('ol', { class: 'timeline', tabindex: '0', 'aria-label': 'Connection, newest first' }, ...items) : empty('Nothing has happened yet.'))
}
