import { opened } from './db.ts'

// The data first: the worker starts while the page is made.
const page = import('./page.tsx')
// For the console, and for bench/dashboard.mjs.
Object.assign(globalThis, { dashboard: opened })

void page.then(({ show }) => show())
