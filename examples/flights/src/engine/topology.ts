/** Where the engine is asked to run: in one worker for all tabs, in a worker of the tab that leads, or in each page. */
export const TOPOLOGIES = ['shared', 'dedicated', 'page'] as const

export type Topology = (typeof TOPOLOGIES)[number]

const asked = new URLSearchParams(location.search).get('worker')

/** In the URL, so that a reload keeps the choice and a new tab takes it over. */
export const topology: Topology = TOPOLOGIES.find((candidate) => candidate === asked) ?? 'shared'

export const hrefOf = (choice: Topology) => `?worker=${choice}`
