import type { PendingWrite, Mutation } from '../../shared/write.ts'
import { h, type Node } from '../dom.ts'
import { age, plural, short } from '../format.ts'
import type { View } from '../look.ts'
import { badge, block, button, empty, mono, type Tone } from '../parts.ts'

const MOST_MUTATIONS = 5
const MOST_TEXT = 200

const TONES: Readonly<Record<PendingWrite['state'], Tone>> = { stored: 'plain', sent: 'warn', parked: 'bad' }

export interface OutboxActions {
  retry(id: string): void
  discard(id: string): void
}

export function outbox({ outbox: writes, status }: View, actions: OutboxActions): ReadonlyArray<Node> {
  if (writes.length === 0) return [block('Outbox', null, empty('Every write is in the stream.'))]
  const durable = status.durable ? 'All are stored on this device.' : 'Some may be in memory only.'
  return [block('Outbox', `${plural(writes.length, 'write')}, oldest first. ${durable}`, h('ul', { class: 'cards' }, ...writes.map((write) => card(write, actions))))]
}

function card({ id, state, attempts, createdAt, error, mutations }: PendingWrite, actions: OutboxActions): Node {
  const label = `the write of ${String(mutations[0]?.key)}`
  return h(
    'li',
    { key: id, class: 'card' },
    h(
      'div',
      { class: 'card-head' },
      badge(state, TONES[state]),
      h('span', {}, `${plural(mutations.length, 'change')}, made ${age(Date.now() - createdAt)} ago, sent ${plural(attempts, 'time')}`),
      h(
        'span',
        { class: 'buttons' },
        state === 'parked' ? button('Retry', () => { actions.retry(id) }, { 'aria-label': `Retry ${label}` }) : null,
        state === 'sent' ? null : button('Discard', () => { actions.discard(id) }, { 'aria-label': `Discard ${label}` }),
      ),
    ),
    error && h('p', { class: 'alert' }, badge(error.code, 'bad'), ` ${error.message}`),
    h('ul', { class: 'lines' }, ...mutations.slice(0, MOST_MUTATIONS).map(line), ...(mutations.length > MOST_MUTATIONS ? [h('li', {}, `and ${plural(mutations.length - MOST_MUTATIONS, 'more', 'more')}`)] : [])),
  )
}

function line(mutation: Mutation): Node {
  const { kind, collection, key } = mutation
  const value = kind === 'put' ? mutation.value : kind === 'patch' ? mutation.changes : null
  return h('li', {}, mono(`${kind} ${collection} ${short(key, MOST_TEXT)}`), value ? h('code', {}, short(textOf(value), MOST_TEXT)) : null)
}

/** A row of the application may be no JSON. */
function textOf(value: object): string {
  try {
    return JSON.stringify(value)
  } catch {
    return '…'
  }
}
