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
}

/** Whether the section of the guide is needed here. */
interface Mode {
  readonly step: boolean
}

export interface Production extends Mode {
  /** The command that builds; `guide`: the commands of the section. */
  readonly build: string | 'guide' | null
  /** A folder that a plain server of files serves, or a command that serves; PORT is a port. */
  readonly serve: { readonly folder: string } | { readonly command: string }
}

export interface Development extends Mode {
  /** PORT is a port. */
  readonly command: string
}
