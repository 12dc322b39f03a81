export interface Filters {
  text: string
  /** ISO code; empty for all countries. */
  country: string
}

export const NO_FILTERS: Filters = { text: '', country: '' }

/** What the rows' `search` field is compared with. `like` knows `%` and `_` as wildcards, and no way to mean them. */
export const searchOf = (text: string) => text.normalize('NFD').replaceAll(/[\p{M}%_]/gu, '').trim().toLowerCase()

const names = new Intl.DisplayNames('en', { type: 'region' })

export const countryName = (code: string) => names.of(code) ?? code
