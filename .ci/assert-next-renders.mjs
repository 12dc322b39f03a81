// Builds a fresh Next application that uses the packed library, and checks the page that Next renders on the server.
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pack, run } from './package.mjs'

const WANTED = '<main>idle, loading, 0 rows</main>'

const folder = await mkdtemp(join(tmpdir(), 'sidestream-next-'))
try {
  await cp(fileURLToPath(new URL('../test/package/next/', import.meta.url)), folder, { recursive: true })
  run(folder, 'npm', ['install', pack(folder)])
  const said = run(folder, 'npx', ['next', 'build'], { NEXT_TELEMETRY_DISABLED: '1' })
  const html = await readFile(join(folder, '.next/server/app/index.html'), 'utf8')
  if (!html.includes(WANTED)) throw new Error(`the page is not ${WANTED} but ${html}`)
  console.log(`${/Next\.js \S+ \(\w+\)/.exec(said)?.[0] ?? 'Next'} renders ${WANTED}`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  await rm(folder, { recursive: true, force: true })
}
