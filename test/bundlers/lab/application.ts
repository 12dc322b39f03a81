import { cp, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Guide, Section } from './guide.ts'
import type { Home } from './home.ts'
import { runCommand } from './run-command.ts'

const INSTALL = 'npm install --prefer-offline --no-audit --no-fund --ignore-scripts --loglevel=error'

export interface Application {
  readonly folder: string
  /** The guide's section of this home. */
  readonly section: Section | null
}

/** Versions of what the application itself needs are those of the project's tests. */
async function ownPackages(root: string): Promise<Record<string, string>> {
  const versionOf = async (name: string): Promise<string> => (JSON.parse(await readFile(join(root, 'node_modules', name, 'package.json'), 'utf8')) as { version: string }).version
  const names = ['@tanstack/db', 'valibot']
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await versionOf(name)] as const)))
}

async function write(folder: string, files: Iterable<readonly [string, string]>): Promise<void> {
  for (const [name, content] of files) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
}

/** Writes the application of a home into a new folder, and installs it with the packed library. */
export async function makeApplication(root: string, home: Home, guide: Guide, tarball: string): Promise<Application> {
  const folder = await mkdtemp(join(tmpdir(), `sidestream-${home.name}-`))
  const app = join(root, 'test/bundlers/app')
  const section = home.section === undefined ? null : guide.section(home.section)
  const dependencies = { sidestream: `file:${tarball}`, ...(await ownPackages(root)), ...home.packages }
  await cp(join(app, 'src'), join(folder, 'src'), { recursive: true })
  if (home.page) {
    const page = await readFile(join(app, 'index.html'), 'utf8')
    await write(folder, [[home.page.path, page.replace('SCRIPT', home.page.script)]])
  }
  // The section's files last: they replace those of the application.
  await write(folder, [...Object.entries(home.files ?? {}), ...guide.section('The application').files, ...(section?.files ?? [])])
  const told = JSON.parse(section?.files.get('package.json') ?? '{}') as object
  await write(folder, [['package.json', JSON.stringify({ name: 'application', private: true, type: 'module', dependencies, ...told })]])
  await runCommand(folder, INSTALL)
  return { folder, section }
}
