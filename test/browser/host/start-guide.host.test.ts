import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import react from '@vitejs/plugin-react'
import vue from '@vitejs/plugin-vue'
import type { Browser } from 'playwright'
import { build, type PluginOption } from 'vite'
import solid from 'vite-plugin-solid'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openWatched } from '../../support/browser-app.ts'
import { launchChromium } from '../../support/chromium.ts'
import { freePort } from '../../support/free-port.ts'
import { startPageHost } from '../../support/page-host.ts'
import { snippetsOf } from '../../support/snippets.ts'
import { pinnedBy, type Framework } from '../../support/pinned-db.ts'
import { sourceAliases } from '../../support/source-entries.ts'
import { storedRecords } from '../../support/stored-records.ts'
import { usePinnedDb } from '../../support/use-pinned-db.ts'

const root = new URL('../../../', import.meta.url)
const snippets = snippetsOf('docs/start.md')
/** Where the page says that the server is. */
const PORT = 4437

interface Template {
  /** The page's own files, beside those of the guide. */
  readonly main: Readonly<Record<string, string>>
  readonly body: string
  readonly plugins: readonly PluginOption[]
  /** The adapter's, whose TanStack DB the application has. */
  readonly adapter: Framework | null
}

const mounted = (main: string, plugins: readonly PluginOption[], adapter: Framework): Template => ({
  main: { 'src/start.tsx': main },
  body: '<div id="app"></div>',
  plugins,
  adapter,
})

/** As the templates that the page names have them. */
const TEMPLATES: Readonly<Record<string, Template>> = {
  React: mounted(
    `import { StrictMode } from 'react'\nimport { createRoot } from 'react-dom/client'\nimport App from './App'\ncreateRoot(document.querySelector('#app')!).render(<StrictMode><App /></StrictMode>)\n`,
    [react()],
    'react',
  ),
  Vue: mounted(`import { createApp } from 'vue'\nimport App from './App.vue'\ncreateApp(App).mount('#app')\n`, [vue()], 'vue'),
  Solid: mounted(`import { render } from 'solid-js/web'\nimport App from './App'\nrender(() => <App />, document.querySelector('#app')!)\n`, [solid()], 'solid'),
  Svelte: mounted(`import { mount } from 'svelte'\nimport App from './App.svelte'\nmount(App, { target: document.querySelector('#app')! })\n`, [svelte({ configFile: false })], 'svelte'),
  Angular: {
    // Angular's own builder compiles templates; without it they are compiled in the page.
    main: {
      'src/start.tsx': `import '@angular/compiler'\nimport { enableProdMode } from '@angular/core'\nimport { bootstrapApplication } from '@angular/platform-browser'\nimport { App } from './app/app'\nenableProdMode()\nawait bootstrapApplication(App)\n`,
      'tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true } }',
    },
    body: '<app-root></app-root>',
    plugins: [],
    adapter: 'angular',
  },
  'no framework': { main: { 'src/start.tsx': `import './main'\n` }, body: '<div id="app"></div>', plugins: [], adapter: null },
}

/** A block that says in brackets which framework and file it is. */
function pageOf(framework: string): { readonly file: string; readonly code: string } {
  const { info, code } = snippets.find(({ info }) => info.startsWith(`[${framework}: `))!
  return { file: /: (.*)\]/.exec(info)![1]!, code }
}

const named = (name: string): string => snippets.find((snippet) => snippet.name === name)!.code

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, code] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), code)
  }
}

let folder: string
let browser: Browser
let port: number

beforeAll(async () => {
  // As where an application is built: compilers ask for it.
  vi.stubEnv('NODE_ENV', 'production')
  // In the project's folder, where the packages that the code imports are found.
  const results = fileURLToPath(new URL('test-results/', root))
  await mkdir(results, { recursive: true })
  ;[folder, browser, port] = await Promise.all([mkdtemp(join(results, 'start-')), launchChromium(), freePort()])
})

afterAll(async () => {
  vi.unstubAllEnvs()
  await browser.close()
  await rm(folder, { recursive: true, force: true })
})

/** Runs the page's server, on a port of its own. @returns a function that stops it */
async function startServer(): Promise<() => Promise<void>> {
  await write(folder, { 'server.mjs': named('server.mjs').replaceAll(String(PORT), String(port)) })
  const child = spawn(process.execPath, [join(folder, 'server.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = new Promise((resolve) => child.once('exit', resolve))
  for await (const line of createInterface(child.stdout)) if (line.includes(String(port))) break
  return async () => {
    child.kill()
    await gone
  }
}

async function buildApplication(framework: string): Promise<string> {
  const { main, body, plugins, adapter } = TEMPLATES[framework]!
  const app = join(folder, framework.replaceAll(' ', '-'))
  const { file, code } = pageOf(framework)
  const own = file.startsWith('src/app/') ? 'src/app/' : 'src/'
  const db = named('src/db.ts').replaceAll(String(PORT), String(port))
  await write(app, {
    // The project's own says that its modules may be left out where nothing of them is used.
    'package.json': '{ "type": "module" }',
    'index.html': `<!doctype html><meta charset="utf-8" /><title>${framework}</title>${body}<script type="module" src="/src/start.tsx"></script>`,
    [file]: code,
    [`${own}schema.ts`]: named('src/schema.ts'),
    ...(own === 'src/' ? { 'src/db.ts': db } : { [`${own}db.ts`]: db.replaceAll('sidestream/worker', './sync.worker'), [`${own}sync.worker.ts`]: `import 'sidestream/worker'\n` }),
    ...main,
  })
  await build({
    configFile: false,
    root: app,
    logLevel: 'error',
    plugins: [...plugins, adapter && usePinnedDb(pinnedBy(adapter))],
    resolve: { alias: sourceAliases },
    worker: { format: 'es' },
    build: { outDir: join(app, 'dist'), assetsInlineLimit: 0, chunkSizeWarningLimit: 2000 },
  })
  return join(app, 'dist')
}

test.each(Object.keys(TEMPLATES))('%s: shows the stream, takes a task, follows another tab, and opens without the server', async (framework) => {
  const built = await buildApplication(framework)
  let stopServer = await startServer()
  const host = await startPageHost(built)
  const context = await browser.newContext()
  const open = async () => {
    const { page, problems } = await openWatched(context)
    await page.goto(`${host.url}/index.html`)
    const task = (title: string) => page.getByRole('listitem').filter({ hasText: title })
    return { page, problems, task }
  }
  try {
    const [one, other] = [await open(), await open()]
    await one.task('Read the guide').waitFor()
    await one.page.getByLabel('New task').fill('Dry the tent')
    await one.page.getByRole('button', { name: 'Add' }).click()
    await other.task('Dry the tent').waitFor()
    await other.task('Read the guide').getByRole('checkbox').click()
    await expect.poll(() => one.task('Read the guide').getByRole('checkbox').isChecked()).toBe(true)
    await expect.poll(async () => JSON.stringify(await one.page.evaluate(storedRecords, ['segments']))).toContain('Dry the tent')

    await stopServer()
    await one.page.close()
    await other.page.close()
    const offline = await open()
    await offline.task('Dry the tent').waitFor()
    await offline.page.getByLabel('New task').fill('Book the ferry')
    await offline.page.getByRole('button', { name: 'Add' }).click()
    await offline.task('Book the ferry').waitFor()
    // Once is enough: what follows does not depend on the framework.
    if (framework === 'no framework') {
      stopServer = await startServer()
      await offline.page.reload()
      await expect.poll(() => offline.page.getByRole('listitem').allTextContents(), { timeout: 20_000 }).toEqual([' Book the ferry', ' Read the guide'])
      await expect.poll(async () => (await fetch(`http://127.0.0.1:${String(port)}/streams/tasks?offset=-1`)).text()).toContain('Book the ferry')
    }
    expect([...one.problems, ...other.problems, ...offline.problems]).toEqual([])
  } finally {
    await context.close()
    await host.close()
    await stopServer()
  }
})
