import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

/** The first of these programs that is on the path. */
export async function findInstalled(names: readonly string[]): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name)
      if (await isExecutable(path)) return path
    }
  }
  return undefined
}

/** The executable that an environment variable names. @throws Error when the variable names no executable file */
export async function namedExecutable(variable: string): Promise<string | undefined> {
  const named = process.env[variable]
  if (named === undefined || named === '') return undefined
  if (await isExecutable(named)) return named
  throw new Error(`${variable} names ${named}, which is not an executable file`)
}
