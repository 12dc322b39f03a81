// Builds the documentation into site/dist. Installs what only the site needs, when it is not there.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const site = fileURLToPath(new URL('./', import.meta.url))

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: site, stdio: 'inherit', shell: process.platform === 'win32' })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`)
}

try {
  if (!existsSync(`${site}node_modules/vitepress`)) run('npm', 'ci', '--no-audit', '--no-fund')
  run('node_modules/.bin/typedoc', '--logLevel', 'Warn')
  run('node_modules/.bin/vitepress', ...(process.argv.includes('--dev') ? ['dev', '--host', '127.0.0.1'] : ['build']))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
