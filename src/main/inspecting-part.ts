import { Part } from './part.ts'

/** What an engine says of itself. */
export const inspectingPart = new Part(() => import('./inspecting.ts'))
