import { fileURLToPath } from 'node:url'
import { createLogBoard } from '../../server/log-board.mjs'

export const RATES = [0, 1000, 2000, 5000]
export const SIZES = [20_000, 100_000, 1_000_000]

const program = fileURLToPath(new URL('process.mjs', import.meta.url))

export const createDashboard = ({ parcels, rate }) =>
  createLogBoard({
    name: 'dashboard',
    address: '/dashboard.html',
    file: '/dashboard/index.html',
    program,
    args: [parcels, rate],
    rates: RATES,
    commands: {
      '/parcels': (ask, { parcels: asked }) => {
        if (!SIZES.includes(asked)) throw new TypeError(`parcels: one of ${SIZES.join(', ')} expected`)
        return ask('setParcels', asked)
      },
    },
  })
