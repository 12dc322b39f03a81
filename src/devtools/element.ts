import type { DevtoolsDBs } from './devtools-db.ts'
import { Panel, type Theme } from './panel.ts'

/** The panel as an element: `element.db = db`. Its attribute `theme` is `light` or `dark`; without it the system's setting counts. */
export interface SidestreamDevtoolsElement extends HTMLElement {
  /** What it shows. */
  db: DevtoolsDBs
}

declare global {
  interface HTMLElementTagNameMap {
    'sidestream-devtools': SidestreamDevtoolsElement
  }
}

/** Registers `<sidestream-devtools>`. A second call does nothing. */
export function defineSidestreamDevtools(): void {
  if (customElements.get('sidestream-devtools')) return
  // Made here, because a server that imports this has no HTMLElement.
  class DevtoolsElement extends HTMLElement implements SidestreamDevtoolsElement {
    static readonly observedAttributes = ['theme']
    #dbs: DevtoolsDBs = []
    #panel: Panel | null = null

    get db(): DevtoolsDBs {
      return this.#dbs
    }

    set db(dbs: DevtoolsDBs) {
      this.#dbs = dbs
      this.#panel?.show(dbs)
    }

    connectedCallback(): void {
      // Set before the element was defined, it is a field that hides the accessor.
      if (Object.hasOwn(this, 'db')) {
        this.#dbs = this.db
        Reflect.deleteProperty(this, 'db')
      }
      this.#panel ??= new Panel(this, this.#dbs, this.#theme)
    }

    disconnectedCallback(): void {
      this.#panel?.close()
      this.#panel = null
    }

    attributeChangedCallback(): void {
      if (this.#panel) this.#panel.theme = this.#theme
    }

    get #theme(): Theme | null {
      return themeOf(this.getAttribute('theme'))
    }
  }
  customElements.define('sidestream-devtools', DevtoolsElement)
}

export const themeOf = (theme: unknown): Theme | null => (theme === 'light' || theme === 'dark' ? theme : null)
