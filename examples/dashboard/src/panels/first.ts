import type { Name, Params } from './result.ts'

export const SECONDS = 30
export const DEAREST = 7
export const FOUND = 5

/** The panels' queries, as the panels ask first. */
export const FIRST: { [N in Name]: Params<N> } = {
  states: [],
  services: [],
  countries: [],
  weights: [],
  seconds: [{ last: SECONDS }],
  dearest: [{ first: DEAREST }],
  hours: [],
  search: [{ text: '', first: FOUND }],
}
