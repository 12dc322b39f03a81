// Checks what npm installs: beside each adapter one TanStack DB, which has to serve the whole page; beside the peer one stream
// client.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packFrom, run } from './package.mjs'

/** [package that an application installs beside sidestream, package of which there must then be exactly one copy] */
const INSTALLS = [
  ...['react', 'vue', 'solid', 'svelte', 'angular'].map((framework) => [`@tanstack/${framework}-db`, '@tanstack/db']),
  ['@tanstack/db', '@tanstack/db'],
  ['@durable-streams/state', '@durable-streams/client'],
]

const manifest = await readFile(new URL('../package.json', import.meta.url), 'utf8')
const { devDependencies } = JSON.parse(manifest)
const folder = await mkdtemp(join(tmpdir(), 'sidestream-install-'))
let failed = false
try {
  // What npm makes of a package depends on its manifest only, and npm unpacks the package for each tree.
  const bare = join(folder, 'sidestream')
  await mkdir(bare)
  await writeFile(join(bare, 'package.json'), manifest)
  const tarball = packFrom(bare, folder)
  for (const [beside, wanted] of INSTALLS) {
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'application', version: '1.0.0', private: true }))
    await rm(join(folder, 'package-lock.json'), { force: true })
    run(folder, 'npm', ['install', '--package-lock-only', '--prefer-offline', tarball, `${beside}@${devDependencies[beside]}`])
    const { packages } = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8'))
    const copies = Object.entries(packages).filter(([path]) => path.endsWith(`node_modules/${wanted}`)).map(([path, entry]) => `${path} ${entry.version}`)
    const isOne = copies.length === 1
    failed ||= !isOne
    console.log(`${isOne ? 'one' : String(copies.length)} ${wanted} beside ${beside}: ${copies.join(', ')}`)
  }
} catch (error) {
  failed = true
  console.error(error instanceof Error ? error.message : error)
} finally {
  await rm(folder, { recursive: true, force: true })
}
process.exitCode = failed ? 1 : 0
