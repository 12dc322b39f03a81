import type { Home } from '../lab/home.ts'

const vite = (version: string, section: string): Home => ({
  name: `vite-${version.split('.')[0]!}`,
  title: `Vite ${version}`,
  packages: { vite: version },
  section,
  page: { path: 'index.html', script: './src/main.js' },
  production: { build: 'npx vite build', serve: { folder: 'dist' }, step: false },
  development: { command: 'npx vite --host 127.0.0.1 --port PORT --strictPort', step: true },
})

export const BUNDLERS: readonly Home[] = [
  vite('8.4.0', 'Vite'),
]
