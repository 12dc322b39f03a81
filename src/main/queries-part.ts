import { Part } from './part.ts'

/** Queries over collections of which the tab does not hold all rows, and queries of first rows. */
export const queriesPart = new Part(() => import('./queries.ts'))
