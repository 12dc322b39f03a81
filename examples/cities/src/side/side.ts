/** Whose library the page runs on. */
export const SIDES = ['sidestream', 'peer'] as const

export type Side = (typeof SIDES)[number]

export const NAMES: Record<Side, string> = { sidestream: 'sidestream', peer: '@durable-streams/state' }

const asked = new URLSearchParams(location.search).get('side')

/** In the URL, because each has the page to itself: what one does to the UI thread is not the other's doing. */
export const side: Side = SIDES.find((candidate) => candidate === asked) ?? 'sidestream'

export const hrefOf = (choice: Side) => `?side=${choice}`
