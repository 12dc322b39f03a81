import { db } from './db.ts'

// Whatever goes wrong is in db.status, which the page shows.
db.preload().catch(() => undefined)

// The data first: the worker starts while the page is made, and each has a task of its own.
void import('./page.tsx').then(({ show }) => show())
