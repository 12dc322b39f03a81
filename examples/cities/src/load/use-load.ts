import { askForLog, useLoadOf } from '../../../shared/load.ts'

const CONTROL = 'demo/cities'

export const useLoad = () => useLoadOf(CONTROL)

/** Makes a new log of the cities as they are now. */
export const startOver = () => askForLog(`${CONTROL}/start-over`, {})
