import { Actions } from './actions.ts'
import { listOf, type DevtoolsDB, type DevtoolsDBs } from './devtools-db.ts'
import { draw, h, type Child, type Node } from './dom.ts'
import { plural, streamName } from './format.ts'
import { Look, type View } from './look.ts'
import { badge, button, empty } from './parts.ts'
import { homeText, toneOf } from './sections/overview.ts'
import { SECTIONS } from './sections.ts'
import { dress } from './styles.ts'

export type Theme = 'light' | 'dark'

/** How often a change is shown at most, ms. */
const DRAW_MS = 100

/** The panel, in a shadow root of its host: the application's styles do not reach it, and its own do not reach the application. */
export class Panel {
  readonly #document: Document
  readonly #root: ShadowRoot
  readonly #styles: ReadonlyArray<Node>
  readonly #observer: IntersectionObserver | null
  readonly #actions: Actions
  #dbs: ReadonlyArray<DevtoolsDB> = []
  #looks: ReadonlyArray<Look> = []
  #shown = 0
  #section = SECTIONS[0]!
  #theme: Theme | null = null
  #isInSight: boolean
  #isClosed = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(host: HTMLElement, dbs: DevtoolsDBs, theme: Theme | null) {
    this.#document = host.ownerDocument
    this.#root = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
    this.#styles = dress(this.#root)
    this.#actions = new Actions({
      db: () => this.#dbs[this.#shown]!,
      all: () => this.#dbs,
      onChange: () => {
        this.#draw()
      },
    })
    this.#theme = theme
    this.#isInSight = typeof IntersectionObserver === 'undefined'
    this.#observer = this.#isInSight ? null : new IntersectionObserver(([entry]) => {
      this.#isInSight = entry?.isIntersecting ?? false
      this.#watch()
    })
    this.show(dbs)
    this.#observer?.observe(host)
    this.#document.addEventListener('visibilitychange', this.#watch)
  }

  set theme(theme: Theme | null) {
    this.#theme = theme
    this.#draw()
  }

  /** Shows other StreamDBs. */
  show(dbs: DevtoolsDBs): void {
    for (const look of this.#looks) look.end()
    this.#dbs = listOf(dbs)
    this.#looks = this.#dbs.map((db) => new Look(db, this.#drawSoon))
    this.#shown = Math.min(this.#shown, Math.max(0, this.#dbs.length - 1))
    this.#watch()
    this.#draw()
  }

  close(): void {
    this.#isClosed = true
    this.#document.removeEventListener('visibilitychange', this.#watch)
    this.#observer?.disconnect()
    clearTimeout(this.#timer)
    for (const look of this.#looks) look.end()
  }

  /** Only the StreamDB that is seen is asked. */
  readonly #watch = (): void => {
    const isSeen = !this.#isClosed && this.#isInSight && this.#document.visibilityState === 'visible'
    for (const [index, look] of this.#looks.entries()) {
      if (isSeen && index === this.#shown) look.begin()
      else look.end()
    }
    if (isSeen) this.#drawSoon()
  }

  readonly #drawSoon = (): void => {
    this.#timer ??= setTimeout(() => {
      this.#draw()
    }, DRAW_MS)
  }

  #draw(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#isClosed) return
    const view = this.#looks[this.#shown]?.view
    const focused = this.#root.activeElement
    const wasInHead = focused?.closest('header') !== null
    draw(this.#root, [
      ...this.#styles,
      h(
        'section',
        { class: 'panel', 'aria-label': 'sidestream devtools', 'data-theme': this.#theme },
        ...(view ? [this.#head(view), this.#tabs(view), this.#page(view)] : [empty('There is no StreamDB to show.')]),
      ),
    ])
    // What was pressed may be gone: the keyboard goes on near it.
    if (focused && !this.#root.activeElement) this.#root.querySelector<HTMLElement>(wasInHead ? '[data-next]' : '[role="tabpanel"]')?.focus()
  }

  #head(view: View): Node {
    const { status, inspection, problem } = view
    const tabs = inspection?.tabs.length ?? status.tabs
    return h(
      'header',
      {},
      h('div', { class: 'title' }, h('h2', {}, 'sidestream'), this.#choice(view)),
      h(
        'div',
        { class: 'state' },
        badge(status.connection, toneOf(status.connection)),
        h('span', {}, homeText(status.where)),
        h('span', {}, plural(tabs, 'tab')),
        h('span', {}, plural(status.rows, 'row')),
        status.pending + status.parked > 0 ? h('span', {}, plural(status.pending + status.parked, 'write waits', 'writes wait')) : null,
        problem === null ? null : badge(`no answer: ${problem}`, 'bad'),
      ),
      this.#buttons(),
      h('p', { class: 'message', role: 'status' }, this.#actions.message),
    )
  }

  #choice({ db }: View): Node {
    if (this.#dbs.length === 1) return h('span', { class: 'mono stream' }, streamName(db.stream.url))
    const onchange = (event: Event): void => {
      this.#shown = (event.target as HTMLSelectElement).selectedIndex
      this.#actions.ask(null)
      this.#watch()
      this.#draw()
    }
    return h('select', { 'aria-label': 'Stream', onchange, value: String(this.#shown) }, ...this.#dbs.map(({ stream }, index) => h('option', { value: String(index) }, streamName(stream.url))))
  }

  #buttons(): Node {
    const actions = this.#actions
    const { question } = actions
    const children: ReadonlyArray<Child> =
      question === null
        ? [
            button('Reconnect', () => { actions.reconnect() }, { key: 'reconnect' }),
            button('Clear cache…', () => { actions.ask('clear') }, { key: 'clear', 'data-next': true }),
            button('Export report', () => void actions.export(), { key: 'export' }),
          ]
        : [
            h('span', { key: 'question' }, question === 'clear' ? 'Remove the stored rows, and the rows of all tabs?' : 'Discard these writes too?'),
            button(question === 'clear' ? 'Clear' : 'Clear and discard', () => void actions.clear(), { key: `yes-${question}`, class: 'button strong' }),
            button('Cancel', () => { actions.ask(null) }, { key: 'no', 'data-next': true }),
          ]
    return h('div', { class: 'buttons', role: 'group', 'aria-label': 'Actions' }, ...children)
  }

  #tabs(view: View): Node {
    const onkeydown = (event: KeyboardEvent): void => {
      const at = SECTIONS.indexOf(this.#section)
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key]
      if (to === undefined) return
      event.preventDefault()
      this.#open(SECTIONS.at(to % SECTIONS.length)!.id)
      this.#root.querySelector<HTMLElement>('[aria-selected="true"]')?.focus()
    }
    const tab = ({ id, name, alert }: (typeof SECTIONS)[number]): Node => {
      const isSelected = id === this.#section.id
      const told = alert(view)
      return h(
        'button',
        { type: 'button', role: 'tab', id: `tab-${id}`, 'aria-selected': String(isSelected), 'aria-controls': 'page', tabindex: isSelected ? '0' : '-1', onclick: () => { this.#open(id) } },
        name,
        told === null ? null : h('span', { class: 'told' }, told),
      )
    }
    return h('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Sections', onkeydown }, ...SECTIONS.map(tab))
  }

  #page(view: View): Node {
    const { id } = this.#section
    const actions = this.#actions
    const children = this.#section.draw(view, { retry: (write) => void actions.retry(write), discard: (write) => void actions.discard(write) })
    return h('div', { class: 'page', role: 'tabpanel', id: 'page', 'aria-labelledby': `tab-${id}`, tabindex: '0' }, h('div', { key: id, class: 'blocks' }, ...children))
  }

  #open(id: string): void {
    this.#section = SECTIONS.find((section) => section.id === id) ?? this.#section
    this.#draw()
  }
}
