import type { Home } from '../lab/home.ts'

const ON_PORT = '--host 127.0.0.1 --port PORT'

const vite = (version: string, section?: string, inProduction = false): Home => ({
  name: `vite-${version.split('.')[0]!}`,
  title: `Vite ${version}`,
  packages: { vite: version },
  ...(section === undefined ? {} : { section }),
  page: { path: 'index.html', script: './src/main.js' },
  production: { build: 'npx vite build', serve: { folder: 'dist' }, step: inProduction },
  development: { command: `npx vite ${ON_PORT} --strictPort`, step: section !== undefined },
})

const NEXT = '16.4.6'
const LAYOUT = `export default function Layout({ children }) {
  return (
    <html lang="en">
      <head>
        <link rel="icon" href="data:," />
      </head>
      <body>{children}</body>
    </html>
  )
}
`
const PAGE = `'use client'

import { useEffect } from 'react'

export default function Page() {
  useEffect(() => {
    import('../src/main.js')
  }, [])
  return <ul></ul>
}
`

const next = (bundler: string, flag: string): Home => ({
  name: `next-${bundler.toLowerCase()}`,
  title: `Next ${NEXT}, ${bundler}`,
  packages: { next: NEXT, react: '19.3.1', 'react-dom': '19.3.1' },
  files: { 'app/layout.jsx': LAYOUT, 'app/page.jsx': PAGE },
  page: null,
  production: { build: `npx next build ${flag}`, serve: { command: 'npx next start -H 127.0.0.1 -p PORT' }, step: false },
  development: { command: `npx next dev ${flag} -H 127.0.0.1 -p PORT`, step: false },
})

export const BUNDLERS: readonly Home[] = [
  vite('8.4.0'),
  vite('7.3.8', 'Vite before 8'),
  vite('6.4.6', 'Vite before 8'),
  vite('5.4.21', 'Vite before 6.1', true),
  next('Turbopack', '--turbopack'),
  next('webpack', '--webpack'),
  {
    name: 'webpack',
    title: 'webpack 5.113.0',
    packages: { webpack: '5.113.0', 'webpack-cli': '7.3.1', 'webpack-dev-server': '5.2.7' },
    page: { path: 'public/index.html', script: './main.js' },
    production: { build: 'npx webpack --mode production --entry ./src/main.js && cp public/index.html dist', serve: { folder: 'dist' }, step: false },
    development: { command: `npx webpack serve --mode development --entry ./src/main.js ${ON_PORT}`, step: false },
  },
  {
    name: 'rspack',
    title: 'Rspack 2.3.4',
    packages: { '@rspack/core': '2.3.4', '@rspack/cli': '2.2.8', '@rspack/dev-server': '2.2.2' },
    page: { path: 'public/index.html', script: './main.js' },
    production: { build: 'npx rspack build --mode production --entry ./src/main.js && cp public/index.html dist', serve: { folder: 'dist' }, step: false },
    development: { command: `npx rspack dev --mode development --entry ./src/main.js ${ON_PORT}`, step: false },
  },
  {
    name: 'parcel',
    title: 'Parcel 2.16.4',
    packages: { parcel: '2.16.4' },
    section: 'Parcel',
    page: { path: 'index.html', script: './src/main.js' },
    production: { build: 'npx parcel build index.html', serve: { folder: 'dist' }, step: true },
    development: { command: `npx parcel serve index.html ${ON_PORT}`, step: true },
  },
  {
    name: 'esbuild',
    title: 'esbuild 0.28.2',
    packages: { esbuild: '0.28.2' },
    section: 'esbuild',
    page: { path: 'dist/index.html', script: './main.js' },
    production: { build: 'guide', serve: { folder: 'dist' }, step: true },
    development: { command: 'guide --servedir=dist --serve=127.0.0.1:PORT', step: true },
  },
  {
    name: 'rollup',
    title: 'Rollup 4.68.8',
    packages: { rollup: '4.68.8', '@rollup/plugin-commonjs': '29.0.3', '@rollup/plugin-node-resolve': '16.0.3' },
    section: 'Rollup',
    page: { path: 'dist/index.html', script: './main.js' },
    production: { build: 'guide', serve: { folder: 'dist' }, step: true },
    development: null,
  },
  {
    name: 'import-map',
    title: 'no bundler, an import map',
    packages: { esbuild: '0.28.2' },
    section: 'No bundler',
    page: null,
    production: { build: 'guide', serve: { folder: '.' }, step: true },
    development: null,
  },
]
