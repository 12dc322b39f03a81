// What npm installs beside each adapter: one TanStack DB, which has to serve the whole page, and beside the peer one stream client.
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))

/** What an application installs beside sidestream, as the guide has it, and what there has to be one copy of then. */
const INSTALLS = [
  ...['react', 'vue', 'solid', 'svelte', 'angular'].map((framework) => [`@tanstack/${framework}-db`, '@tanstack/db']),
  ['@tanstack/db', '@tanstack/db'],
  ['@durable-streams/state', '@durable-streams/client'],
]

function npm(cwd, args) {
  const { status, stdout, stderr } = spawnSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, encoding: 'utf8', shell: process.platform === 'win32' })
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed: ${stderr}`)
  return stdout
}

const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
const folder = await mkdtemp(join(tmpdir(), 'sidestream-install-'))
let failed = false
try {
  npm(root, ['pack', '--ignore-scripts', '--pack-destination', folder])
  const { name, version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  for (const [beside, wanted] of INSTALLS) {
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'application', version: '1.0.0', private: true }))
    await rm(join(folder, 'package-lock.json'), { force: true })
    npm(folder, ['install', '--package-lock-only', '--prefer-offline', `./${name}-${version}.tgz`, `${beside}@${devDependencies[beside]}`])
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
