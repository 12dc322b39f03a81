/** Where the panels' queries run. */
export const PLACES = ['worker', 'tab'] as const

export type Place = (typeof PLACES)[number]

export const NAMES: Record<Place, string> = { worker: 'the worker', tab: 'the tab' }

const asked = new URLSearchParams(location.search).get('queries')

/** In the URL, because each has the page to itself: what one does to the UI thread is not the other's doing. */
export const place: Place = PLACES.find((candidate) => candidate === asked) ?? 'worker'

export const hrefOf = (choice: Place) => `?queries=${choice}`
