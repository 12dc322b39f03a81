import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { appendUser, checkVisits, expectRows, openStream, visit, type Check } from '../lab/check.ts'
import type { Home, Production, Site } from '../lab/home.ts'
import type { Running } from '../lab/run-command.ts'
import { serveFolder } from '../lab/serve-folder.ts'

const VITE = '8.4.0'
const ANY_ORIGIN = { 'access-control-allow-origin': '*' }

/** An application that Vite has built, under conditions of its own. */
const built = (home: Omit<Home, 'packages' | 'page' | 'production' | 'development'> & { readonly packages?: Home['packages']; readonly production: Production }): Home => ({
  ...home,
  packages: { vite: VITE, ...home.packages },
  page: { path: 'index.html', script: './src/main.js' },
  development: null,
})

/** Sends this policy with each answer. */
function withPolicy({ folder, streams }: Site, policy: string): Promise<Running> {
  const fresh = (): { readonly nonce: string; readonly headers: Readonly<Record<string, string>> } => {
    const nonce = randomBytes(16).toString('base64')
    return { nonce, headers: { 'content-security-policy': policy.replace('NONCE', nonce).replace('STREAMS', streams).trim() } }
  }
  return serveFolder(join(folder, 'dist'), {
    headers: fresh().headers,
    page: (html) => {
      const { nonce, headers } = fresh()
      return { html: html.replaceAll('NONCE', nonce), headers }
    },
  })
}

/** One origin has the page and what lies beside it; the other one has everything. */
async function onTwoOrigins({ folder, otherPort }: Site): Promise<Running> {
  const dist = join(folder, 'dist')
  const [pages, scripts] = await Promise.all([serveFolder(dist), serveFolder(dist, { port: otherPort, headers: ANY_ORIGIN })])
  return {
    url: pages.url,
    stop: async () => {
      await Promise.all([pages.stop(), scripts.stop()])
    },
  }
}

/** Two usual visits; and two tabs at a time, whose workers agree on a leader. */
async function checkFollowing(check: Check): Promise<void> {
  await checkVisits(check)
  const { address, ids } = openStream(check)
  const first = await visit(check.context, address)
  await expectRows(first, { ids, status: { where: 'leader' } })
  const second = await visit(check.context, address)
  await expectRows(second, { ids, status: { where: 'follower', tabs: 2 } })
}

const FRAME = `<!doctype html>
<title>A frame</title>
<link rel="icon" href="data:," />
<script>
  const frame = document.createElement('iframe')
  frame.sandbox = 'allow-scripts'
  frame.src = './index.html' + location.search
  document.documentElement.append(frame)
</script>
`

/** The schema is the page's: its engine refuses the row that the stock worker takes. */
async function checkSandboxed(check: Check): Promise<void> {
  const { path, address } = openStream({ ...check, url: `${check.url}frame.html` })
  const status = { where: 'page', storage: 'memory', connection: 'live', stale: false } as const
  const opened = await visit(check.context, address, (page) => page.frames()[1]!)
  await expectRows(opened, { ids: ['ada', 'grace'], status })
  appendUser(check.server, path, 'mary')
  await expectRows(opened, { ids: ['ada', 'grace', 'mary'], status })
}

export const PAGES: readonly Home[] = [
  built({
    name: 'csp',
    title: 'a strict Content Security Policy, with a nonce and Trusted Types',
    section: 'A strict Content Security Policy',
    production: { build: 'npx vite build', serve: (site) => withPolicy(site, site.section.files.get('Content-Security-Policy')!), step: true },
  }),
  built({
    name: 'extension-csp',
    title: 'the policy of an extension\'s page',
    production: { build: 'npx vite build', serve: (site) => withPolicy(site, `script-src 'self'; object-src 'self'`), step: false },
  }),
  built({
    name: 'cdn',
    title: 'scripts of another origin, the workers\' files beside the page',
    section: 'Scripts of another origin',
    packages: { esbuild: '0.28.2' },
    production: { build: 'guide', serve: onTwoOrigins, step: true },
  }),
  built({
    name: 'cdn-workers',
    title: 'scripts and workers of another origin',
    section: 'Workers of another origin',
    production: { build: 'guide', serve: onTwoOrigins, step: true },
    topologies: ['dedicated'],
    check: checkFollowing,
  }),
  built({
    name: 'sandbox',
    title: 'a sandboxed iframe',
    section: 'A sandboxed iframe',
    word: 'in the page',
    files: { 'public/frame.html': FRAME },
    production: { build: 'npx vite build', serve: ({ folder }) => serveFolder(join(folder, 'dist'), { headers: ANY_ORIGIN }), step: true },
    check: checkSandboxed,
  }),
  built({
    name: 'back-forward',
    title: 'a page to which one goes back, in Firefox',
    section: 'Going back to a page',
    files: { 'public/other.html': '<!doctype html><title>Another page</title><link rel="icon" href="data:," />\n' },
    production: { build: 'npx vite build', serve: { folder: 'dist' }, step: false },
    // Loaded late: it brings another driver of browsers.
    check: async (check) => (await import('./back-forward.ts')).checkBackForward(check),
  }),
]
