import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The frameworks that TanStack DB has an adapter for. */
export const FRAMEWORKS = ['react', 'vue', 'solid', 'svelte', 'angular'] as const
export type Framework = (typeof FRAMEWORKS)[number]

/** The `@tanstack/db` that a framework's adapter has pinned: an application that uses the adapter has this one. */
export interface PinnedDb {
  readonly version: string
  /** Its module, for a bundler. */
  readonly entry: string
  /** The frameworks whose adapters pin it. */
  readonly frameworks: readonly Framework[]
}

const modules = new URL('../../node_modules/', import.meta.url)

interface Manifest {
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
}

const manifestOf = (folder: URL): Manifest => JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as Manifest

/** @throws Error when npm has installed another version than the adapter pins */
export function pinnedBy(framework: Framework): PinnedDb {
  const adapter = new URL(`@tanstack/${framework}-db/`, modules)
  const pin = manifestOf(adapter).dependencies?.['@tanstack/db']
  const own = new URL('node_modules/@tanstack/db/', adapter)
  const folder = existsSync(own) ? own : new URL('@tanstack/db/', modules)
  const { version } = manifestOf(folder)
  if (version !== pin) throw new Error(`@tanstack/${framework}-db wants @tanstack/db ${String(pin)} and has ${version}`)
  return {
    version,
    entry: fileURLToPath(new URL('dist/esm/index.js', folder)),
    frameworks: FRAMEWORKS.filter((other) => manifestOf(new URL(`@tanstack/${other}-db/`, modules)).dependencies?.['@tanstack/db'] === version),
  }
}

/** Each version once. */
export function pinnedVersions(): PinnedDb[] {
  const all = FRAMEWORKS.map(pinnedBy)
  return all.filter(({ version }, index) => all.findIndex((other) => other.version === version) === index)
}

/** `0.8` of `0.8.7`. */
export const shortVersion = ({ version }: PinnedDb): string => version.split('.').slice(0, 2).join('.')
