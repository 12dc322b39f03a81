import { Part } from './part.ts'

/** The application's hooks, `onError`, headers and params. */
export const callbacksPart = new Part(() => import('./callbacks.ts'))
