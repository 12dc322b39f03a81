import { h, type Child, type Node } from './dom.ts'
import { shortOffset } from './format.ts'

/** How something is: it is written too, because not everybody sees colours. */
export type Tone = 'good' | 'warn' | 'bad' | 'calm' | 'plain'

export const badge = (text: string, tone: Tone): Node => h('span', { class: `badge ${tone}` }, text)

export const mono = (text: string): Node => h('span', { class: 'mono' }, text)

export const offsetText = (offset: string): Node => h('span', { class: 'mono', title: offset }, shortOffset(offset))

export const button = (label: string, onclick: () => void, more: Readonly<Record<string, unknown>> = {}): Node => h('button', { type: 'button', class: 'button', onclick, ...more }, label)

export const empty = (text: string): Node => h('p', { class: 'empty' }, text)

export const block = (title: string, note: string | null, ...children: ReadonlyArray<Child | null>): Node =>
  h('section', { class: 'block', key: title }, h('h3', {}, title), note === null ? null : h('p', { class: 'note' }, note), ...children)

/** Names and what they have. */
export const facts = (pairs: ReadonlyArray<readonly [string, Child]>): Node =>
  h('dl', { class: 'facts' }, ...pairs.map(([name, value]) => h('div', { key: name }, h('dt', {}, name), h('dd', {}, value))))

export interface Column {
  readonly name: string
  /** Numbers stand at the end of their cell. */
  readonly isNumber?: boolean
}

export interface TableRow {
  readonly key: string
  readonly cells: ReadonlyArray<Child>
}

/** A table that scrolls sideways by itself where it is too wide. The first cell of a row is its name. */
export function table(label: string, columns: ReadonlyArray<Column>, rows: ReadonlyArray<TableRow>): Node {
  const classOf = (index: number): string | null => (columns[index]?.isNumber ? 'number' : null)
  return h(
    'div',
    { class: 'scroll', role: 'region', 'aria-label': label, tabindex: '0' },
    h(
      'table',
      {},
      h('thead', {}, h('tr', {}, ...columns.map(({ name }, index) => h('th', { scope: 'col', class: classOf(index) }, name)))),
      h('tbody', {}, ...rows.map(({ key, cells }) => h('tr', { key }, ...cells.map((cell, index) => h(index === 0 ? 'th' : 'td', index === 0 ? { scope: 'row' } : { class: classOf(index) }, cell))))),
    ),
  )
}
