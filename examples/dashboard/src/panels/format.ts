import { formatCount } from '../../../shared/format.ts'

/** Cents as euros. */
export const formatValue = (cents: number) => `€${formatCount(Math.round(cents / 100))}`
export const formatMillions = (cents: number) => `€${(cents / 100e6).toFixed(2)} M`
