import { createStreamDB, type Inspection, type StreamDB, type StreamDBStatus, type WorkerContext } from 'sidestream'
import { note, notesSchema } from '../../support/notes.ts'

/** A tab with the panel. */
export interface DevtoolsPage {
  open(options: { url: string; home: 'shared' | 'dedicated' | 'page' }): Promise<void>
  /** Loads the panel, as an element of its own or as TanStack Devtools show it. */
  look(as: 'element' | 'plugin', theme: 'light' | 'dark' | null): Promise<void>
  theme(theme: 'light' | 'dark'): void
  insert(id: string, title: string): void
  status(): StreamDBStatus
  inspect(): Promise<Inspection | null>
  titles(): string[]
}

let db: StreamDB<typeof notesSchema>
let setTheme: (theme: 'light' | 'dark') => void

const dedicated = (): Worker => new Worker(new URL('./stock.worker.ts', import.meta.url), { type: 'module' })
const shared = ({ name }: WorkerContext): SharedWorker => new SharedWorker(new URL('./stock.worker.ts', import.meta.url), { type: 'module', name })

const page: DevtoolsPage = {
  open: ({ url, home }) => {
    db = createStreamDB({
      streamOptions: { url, contentType: 'application/json', params: { token: 'c4nary' }, backoffOptions: { initialDelay: 20, maxDelay: 100, multiplier: 1.5 } },
      state: notesSchema,
      ...(home === 'page' ? {} : { worker: (context: WorkerContext) => (home === 'shared' && context.shared ? shared(context) : dedicated()) }),
    })
    return db.preload()
  },
  look: async (as, theme) => {
    const { defineSidestreamDevtools, sidestreamDevtools } = await import('sidestream/devtools')
    const main = document.querySelector('main')!
    if (as === 'plugin') {
      const container = document.createElement('div')
      main.append(container)
      const plugin = sidestreamDevtools(db)
      setTheme = (next) => { plugin.render(container, { theme: next }) }
      plugin.render(container, { theme: theme ?? 'light' })
      return
    }
    // Before it is defined: what is set then counts too.
    const element = document.createElement('sidestream-devtools')
    element.db = db
    setTheme = (next) => { element.setAttribute('theme', next) }
    if (theme) setTheme(theme)
    main.append(element)
    defineSidestreamDevtools()
    defineSidestreamDevtools()
  },
  theme: (theme) => { setTheme(theme) },
  insert: (id, title) => {
    db.collections.notes.insert(note(id, { title })).isPersisted.promise.catch(() => undefined)
  },
  status: () => db.status.getSnapshot(),
  inspect: () => db.inspect(),
  titles: () => [...db.collections.notes.values()].map(({ title }) => title),
}
Object.assign(globalThis, { devtools: page })
