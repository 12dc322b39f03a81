// What the checks of the packed library share.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))

/** Runs a command to its end. @returns what it printed; throws with it when it fails */
export function run(cwd, command, args, env = {}) {
  const quiet = { npm_config_audit: 'false', npm_config_fund: 'false', npm_config_loglevel: 'error' }
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env: { ...process.env, ...quiet, ...env }, encoding: 'utf8', shell: process.platform === 'win32' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stdout}${stderr}`)
  return stdout
}

/** Packs the library as it was built. @returns the tarball in that folder, as npm installs it */
export function pack(folder) {
  const [name] = run(root, 'npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder]).trim().split('\n').slice(-1)
  return `./${name}`
}
