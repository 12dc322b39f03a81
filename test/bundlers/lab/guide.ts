import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const BEGIN = '<!-- table -->\n'
const END = '<!-- /table -->'

/** A section of docs/bundlers.md, as far as the test does what it says. */
export interface Section {
  /** Path → content: a name in bold, then a block of code. */
  readonly files: ReadonlyMap<string, string>
  /** The lines of its blocks of shell. */
  readonly commands: readonly string[]
}

/** docs/bundlers.md: the steps that the test takes, and the table that it writes. */
export class Guide {
  readonly #path: string
  readonly #text: string

  private constructor(path: string, text: string) {
    this.#path = path
    this.#text = text
  }

  static async read(root: string): Promise<Guide> {
    const path = join(root, 'docs/bundlers.md')
    return new Guide(path, await readFile(path, 'utf8'))
  }

  /** @throws Error when there is no such heading */
  section(heading: string): Section {
    const [, text] = this.#text.split(new RegExp(`^## ${heading}$`, 'm'))
    if (text === undefined) throw new Error(`docs/bundlers.md has no heading ${heading}`)
    const [own = ''] = text.split(/^## /m)
    return {
      files: new Map([...own.matchAll(/^\*\*`([^`]+)`\*\*[^\n]*\n\n```\w+\n(.*?)^```$/gms)].map(([, name, code]) => [name!, code!])),
      commands: [...own.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, lines]) => lines!.trim().split('\n')),
    }
  }

  async writeTable(table: string): Promise<void> {
    // As it is now: a run takes long enough for somebody to edit the page.
    const [before, rest] = (await readFile(this.#path, 'utf8')).split(BEGIN)
    const [, after] = rest?.split(END) ?? []
    if (after === undefined) throw new Error('docs/bundlers.md has no place for the table')
    await writeFile(this.#path, `${before!}${BEGIN}\n${table}\n\n${END}${after}`)
  }
}
