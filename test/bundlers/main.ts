import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { launchOwnChromium } from '../support/chromium.ts'
import { startStreamServer } from '../support/stream-server.ts'
import { BUNDLERS } from './homes/bundlers.ts'
import { PAGES } from './homes/pages.ts'
import { Guide } from './lab/guide.ts'
import { runCommand } from './lab/run-command.ts'
import { table, type Row } from './lab/table.ts'
import { Trial } from './lab/trial.ts'

const OPTIONS = {
  /** Puts the table into docs/bundlers.md. */
  write: { type: 'boolean', default: false },
  /** Builds for production only. */
  production: { type: 'boolean', default: false },
  /** Leaves the applications where they are. */
  keep: { type: 'boolean', default: false },
} as const

/** Everything that a row of the table stands for. */
const ALL = [...BUNDLERS, ...PAGES]

/** @returns the code that the process ends with */
export async function main(root: string, given: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: given, allowPositionals: true, options: OPTIONS })
  const chosen = positionals.length === 0 ? ALL : ALL.filter(({ name }) => positionals.some((word) => name === word || name.startsWith(`${word}-`)))
  if (chosen.length === 0) {
    console.error(`There is none of ${positionals.join(', ')}: choose among ${ALL.map(({ name }) => name).join(', ')}`)
    return 1
  }
  if (values.write && (chosen.length < ALL.length || values.production)) {
    console.error('--write needs the whole table')
    return 1
  }
  const folder = await mkdtemp(join(tmpdir(), 'sidestream-packed-'))
  const guide = await Guide.read(root)
  // The server ends when the requests that it holds are over.
  const [browser, server] = await Promise.all([launchOwnChromium(), startStreamServer({ longPollTimeoutMs: 2000 })])
  const rows: Row[] = []
  const counts = { passed: 0, failed: 0 }
  try {
    const tarball = await pack(root, folder)
    for (const home of chosen) {
      const trial = new Trial({ root, home, guide, tarball, browser, server, keep: values.keep, productionOnly: values.production, say: (line) => { console.log(line) } })
      rows.push(await trial.run())
      counts.passed += trial.passed
      counts.failed += trial.failed
    }
  } finally {
    await browser.close()
    await server.close()
    await rm(folder, { recursive: true, force: true })
  }
  console.log(`\n${table(rows)}\n`)
  if (values.write) await guide.writeTable(table(rows))
  console.log(`${String(counts.passed)} passed, ${String(counts.failed)} failed`)
  return counts.failed === 0 ? 0 : 1
}

/** The library as a tarball: the one that is there already, or one that is built now. */
async function pack(root: string, folder: string): Promise<string> {
  const packed = process.env['SIDESTREAM_TARBALL']
  if (packed) return resolve(packed)
  await runCommand(root, 'npm run --silent build')
  const said = await runCommand(root, `npm pack --ignore-scripts --silent --pack-destination ${folder}`)
  return join(folder, said.trim().split('\n').at(-1)!)
}
