import { Part } from './part.ts'

/** Queries that the worker runs, and their results. */
export const resultsPart = new Part(() => import('./results.ts'))
