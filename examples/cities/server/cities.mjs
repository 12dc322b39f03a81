import { fileURLToPath } from 'node:url'
import { createLogBoard } from '../../server/log-board.mjs'

export const RATES = [0, 1000, 5000, 10_000, 20_000]

const program = fileURLToPath(new URL('process.mjs', import.meta.url))

export const createCities = ({ mostCities, rate }) =>
  createLogBoard({ name: 'cities', address: '/cities.html', file: '/cities/index.html', program, args: [mostCities, rate], rates: RATES })
