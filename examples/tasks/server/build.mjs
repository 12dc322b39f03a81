import { fileURLToPath } from 'node:url'
import { VitePWA } from 'vite-plugin-pwa'
import { buildPages } from '../../server/build.mjs'
import { manifest } from './manifest.mjs'

/** The service worker is built of `src/sw.js` and the list of all other files. */
const serviceWorker = VitePWA({
  manifest,
  strategies: 'injectManifest',
  srcDir: 'src',
  filename: 'sw.js',
  injectManifest: {
    // The other format makes Vite 8 warn of an option that is no longer meant to be used.
    rollupFormat: 'iife',
    globPatterns: ['**/*.{js,css,html,svg,png}'],
    buildPlugins: { vite: [{ name: 'quiet', config: () => ({ logLevel: 'warn' }) }] },
  },
})

/** Builds the application: a service worker has to know all files of the application before it can open it offline. */
export const buildTasks = () => buildPages({ root: fileURLToPath(new URL('../', import.meta.url)), base: '/tasks/', plugins: [serviceWorker] })
