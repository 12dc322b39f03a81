import { opened } from './db.ts'

/** A page that is shown before the log is known has placeholders, and React keeps these for 300 ms at least. */
const SOON_MS = 150

// The data first: the worker starts while the page is made.
const page = import('./page.tsx')
const soon = new Promise((resolve) => setTimeout(resolve, SOON_MS))
// For the console, and for bench/dashboard.mjs.
Object.assign(globalThis, { dashboard: opened })

void Promise.all([page, Promise.race([opened, soon])]).then(([{ show }]) => show())
