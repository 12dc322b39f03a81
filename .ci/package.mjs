// Functions that the checks of the packed library share.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))

/** Runs a command to its end. @returns what the command printed @throws Error with that output when the command fails */
export function run(cwd, command, args, env = {}) {
  const quiet = { npm_config_audit: 'false', npm_config_fund: 'false', npm_config_loglevel: 'error' }
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env: { ...process.env, ...quiet, ...env }, encoding: 'utf8', shell: process.platform === 'win32' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stdout}${stderr}`)
  return stdout
}

/** Packs the built library. @returns the path of the tarball in `folder`, as an argument of npm install */
export function pack(folder) {
  const [name] = run(root, 'npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder]).trim().split('\n').slice(-1)
  return `./${name}`
}
