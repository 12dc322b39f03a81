import type { Topology } from './check.ts'

export type ModeName = 'production' | 'development'
/** `none`: this home has no such mode. */
export type Outcome = 'passed' | 'step' | 'failed' | 'none'

export interface Row {
  readonly title: string
  /** The heading of the step's section, if there is one. */
  readonly section: string | undefined
  /** The step's word. */
  readonly word: string
  readonly outcomes: Readonly<Record<ModeName, Readonly<Record<Topology, Outcome>>>>
}

const HEAD = ['', 'production, shared', 'production, dedicated', 'development, shared', 'development, dedicated']

/** As GitHub makes anchors of headings. */
const anchorOf = (heading: string): string => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')

export function table(rows: readonly Row[]): string {
  const lines = rows.map(({ title, section, word, outcomes: { production, development } }) => {
    const cells = [production.shared, production.dedicated, development.shared, development.dedicated].map((outcome) => {
      if (outcome === 'none') return '–'
      if (outcome === 'failed') return '**failed**'
      return outcome === 'step' && section !== undefined ? `[${word}](#${anchorOf(section)})` : 'passed'
    })
    return [title, ...cells]
  })
  return [HEAD, HEAD.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`.replace('|  |', '| |')).join('\n')
}
