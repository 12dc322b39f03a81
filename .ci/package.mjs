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

/** @returns the path of the built library as a tarball, an argument of npm install: the one that is there already, or one in `folder` */
export function pack(folder) {
  const packed = process.env['SIDESTREAM_TARBALL']
  return packed ? packed : packFrom(root, folder)
}

/** Packs a package. @returns the path of the tarball in `folder`, as an argument of npm install there */
export function packFrom(source, folder) {
  const [name] = run(source, 'npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder]).trim().split('\n').slice(-1)
  return `./${name}`
}
