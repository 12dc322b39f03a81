import { askForLog, useLoadOf } from '../../../shared/load.ts'

const CONTROL = '/demo/dashboard'

export const useLoad = () => useLoadOf(CONTROL)

export const startOver = () => askForLog(`${CONTROL}/start-over`, {})

export const setParcels = (parcels: number) => askForLog(`${CONTROL}/parcels`, { parcels })
