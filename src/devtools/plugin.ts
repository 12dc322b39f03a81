import type { DevtoolsDBs } from './devtools-db.ts'
import { themeOf } from './element.ts'
import { Panel } from './panel.ts'

/** The shape of a plugin of `@tanstack/devtools` 0.15. Earlier versions give the theme itself. */
export interface DevtoolsPlugin {
  readonly id: string
  readonly name: string
  readonly render: (element: HTMLElement, props: { readonly theme: 'light' | 'dark' } | 'light' | 'dark') => void
  readonly destroy: () => void
}

/**
 * A plugin for TanStack Devtools that shows StreamDBs.
 *
 * @example
 * ```tsx
 * <TanStackDevtools plugins={[sidestreamDevtools(db)]} />
 * ```
 */
export function sidestreamDevtools(dbs: DevtoolsDBs): DevtoolsPlugin {
  const panels = new Map<HTMLElement, { readonly host: HTMLElement; readonly panel: Panel }>()
  return {
    id: 'sidestream',
    name: 'sidestream',
    render: (element, props) => {
      const theme = themeOf(typeof props === 'string' ? props : props?.theme)
      const shown = panels.get(element)
      // It is called again when the theme changes.
      if (shown?.host.parentElement === element) {
        shown.panel.theme = theme
        return
      }
      shown?.panel.close()
      const host = element.ownerDocument.createElement('div')
      element.append(host)
      panels.set(element, { host, panel: new Panel(host, dbs, theme) })
    },
    destroy: () => {
      for (const { host, panel } of panels.values()) {
        panel.close()
        host.remove()
      }
      panels.clear()
    },
  }
}
