import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'

const root = fileURLToPath(new URL('../../', import.meta.url))

const titleOf = (path) => /^# (.+)$/m.exec(readFileSync(root + path, 'utf8'))[1].replaceAll('`', '')
const item = (path, text = titleOf(path)) => ({ text, link: `/${path.replace(/README\.md$/, '').replace(/\.md$/, '')}` })
const pagesOf = (...names) => names.map((name) => item(`docs/${name}.md`))
const pages = (folder) => readdirSync(root + folder).filter((name) => name.endsWith('.md')).sort().map((name) => `${folder}/${name}`)

/** Folders whose README is a page. */
const READMES = ['examples/flights', 'examples/cities', 'examples/dashboard', 'examples/tasks', 'bench']

export default defineConfig({
  title: 'sidestream',
  description: 'Durable State off the UI thread: TanStack DB collections out of a worker with a cache and an outbox',
  lang: 'en',
  srcDir: '..',
  outDir: 'dist',
  cleanUrls: true,
  srcExclude: ['**/node_modules/**', 'test/**', 'test-results/**', 'dist/**', 'docs/api-reports/**', 'site/dist/**', 'site/.vitepress/**'],
  rewrites: { 'README.md': 'index.md', 'site/reference/:page*': 'reference/:page*', ...Object.fromEntries(READMES.map((folder) => [`${folder}/README.md`, `${folder}/index.md`])) },
  // Links to folders and sources lead out of the site. test/unit/docs.test.ts checks all links of the repository's pages.
  ignoreDeadLinks: [/^(?:\.?\.\/)+(?:src|test|bench|examples|docs\/decisions|LICENSE|docs\/api-reports)(?:\/|$)/, /decisions\/index$/, /bench\/index$/, /examples\//],
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [item('docs/start.md', 'Start'), item('docs/guide.md'), { text: 'Reference', link: '/reference/' }, item('docs/figures.md')],
    sidebar: [
      { text: 'Begin', items: [item('docs/start.md'), item('docs/how-it-works.md'), item('docs/moving.md'), item('docs/server.md')] },
      { text: 'Use', items: pagesOf('guide', 'tab-rows', 'worker-queries', 'many-tabs', 'sign-in', 'errors', 'testing', 'ssr', 'offline-pwa') },
      { text: 'Run', items: pagesOf('sizing', 'browsers', 'bundlers', 'faults') },
      { text: 'Look up', items: [item('docs/api.md'), { text: 'API reference', link: '/reference/' }, item('docs/differences.md'), item('docs/glossary.md'), item('CHANGELOG.md'), item('SECURITY.md')] },
      { text: 'Demos', items: READMES.map((folder) => item(`${folder}/README.md`)) },
      { text: 'Inside', items: [item('docs/figures.md'), item('ARCHITECTURE.md'), item('SPEC.md'), item('CONTRIBUTING.md')] },
      { text: 'Decisions', collapsed: true, items: pages('docs/decisions').map((path) => item(path)) },
    ],
  },
})
