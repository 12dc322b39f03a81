import { fileURLToPath } from 'node:url'
import { createLogBoard } from '../../server/log-board.mjs'
import { RATES } from './rates.mjs'

const program = fileURLToPath(new URL('process.mjs', import.meta.url))

export const createCities = ({ mostCities, rate }) =>
  createLogBoard({ name: 'cities', address: '/cities.html', file: '/cities/index.html', program, args: [mostCities, rate], rates: RATES })
