import type { Check, Topology } from './check.ts'
import type { Section } from './guide.ts'
import type { Running } from './run-command.ts'

/** A way to run the application: a bundler in one version, or a page with conditions of its own. */
export interface Home {
  /** The word that chooses it on the command line. */
  readonly name: string
  readonly title: string
  /** Package → version, beside what the application itself needs. */
  readonly packages: Readonly<Record<string, string>>
  /** The section of docs/bundlers.md that this home needs. Its files are the application's. */
  readonly section?: string
  /** Files that say nothing about sidestream: path → content. */
  readonly files?: Readonly<Record<string, string>>
  /** Where `index.html` lies, and the script that it loads; null when the bundler makes the page. */
  readonly page: { readonly path: string; readonly script: string } | null
  readonly production: Production | null
  readonly development: Development | null
  /** Default: both. */
  readonly topologies?: readonly Topology[]
  /** The word of the table for what has passed with the section. Default: `step`. */
  readonly word?: string
  /** What is tried in place of two usual visits. */
  readonly check?: (check: Check) => Promise<void>
}

/** Whether the section of the guide is needed here. */
interface Mode {
  readonly step: boolean
}

export interface Production extends Mode {
  /** The command that builds; `guide`: the commands of the section. */
  readonly build: string | 'guide' | null
  /** A folder that a plain server of files serves, or a command that serves (PORT is a port), or a server of its own. */
  readonly serve: { readonly folder: string } | { readonly command: string } | ((site: Site) => Promise<Running>)
}

/** What a home with a server of its own serves. */
export interface Site {
  readonly folder: string
  readonly section: Section
  /** The origin of the streams. */
  readonly streams: string
  /** The port of the other origin that the commands were given. */
  readonly otherPort: number
}

export interface Development extends Mode {
  /** PORT is a port; `guide` is the last command of the section. */
  readonly command: string
}
