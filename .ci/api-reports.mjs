// Writes what each entry exports to docs/api-reports, or with --check compares it with what is there. It reads dist.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'
import { entries } from './entries.mjs'

const root = fileURLToPath(new URL('../', import.meta.url))
const folder = join(root, 'docs/api-reports')
const silent = { default: { logLevel: ExtractorLogLevel.None } }

/** What an application compiles with, as far as it changes what the types mean. */
const compilerOptions = {
  target: 'es2022',
  module: 'nodenext',
  moduleResolution: 'nodenext',
  lib: ['es2023', 'dom', 'dom.iterable'],
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  noEmit: true,
  allowImportingTsExtensions: true,
}

async function report(entry, scratch) {
  const file = `${entry.key}.api.md`
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, 'package.json'),
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: join(root, entry.types),
      newlineKind: 'lf',
      compiler: { overrideTsconfig: { compilerOptions, files: [entry.types] } },
      // A type that is not exported is public all the same when one that is exported has it as a part.
      apiReport: { enabled: true, reportFileName: file, reportFolder: scratch, reportTempFolder: join(scratch, 'temp'), includeForgottenExports: true },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: silent,
        tsdocMessageReporting: silent,
      },
    },
  })
  const errors = []
  const { succeeded } = Extractor.invoke(config, {
    localBuild: true,
    messageCallback: (message) => {
      if (message.logLevel === ExtractorLogLevel.Error) errors.push(message.formatMessageWithLocation(root))
      message.handled = true
    },
  })
  if (!succeeded || errors.length > 0) throw new Error(`${entry.name}: ${errors.join('\n') || 'API Extractor failed'}`)
  const [declarations] = /^```ts$.*^```$/ms.exec(await readFile(join(scratch, file), 'utf8'))
  const text = `# What \`${entry.name}\` exports\n\nWritten by \`npm run api-reports\`. What is not \`export\`ed is part of what is.\n\n${declarations}\n`
  return { file, text: text.replace('\n// (No @packageDocumentation comment for this package)\n', '') }
}

/** @returns whether the report in the repository is that of the build; prints the difference when it is not */
async function isSame({ file, text }, scratch) {
  const known = join(folder, file)
  if (existsSync(known) && (await readFile(known, 'utf8')) === text) return true
  const built = join(scratch, file)
  await writeFile(built, text)
  const { stdout } = spawnSync('git', ['diff', '--no-index', '--no-color', '--no-ext-diff', existsSync(known) ? known : '/dev/null', built], { encoding: 'utf8' })
  const changes = (stdout ?? '').split('\n').filter((line) => !/^(diff|index|---|\+\+\+) /.test(line))
  console.log(`docs/api-reports/${file} is not what the build exports:\n${changes.join('\n')}`)
  return false
}

const isCheck = process.argv.includes('--check')
const scratch = await mkdtemp(join(tmpdir(), 'sidestream-api-'))
try {
  const reports = []
  for (const entry of entries) reports.push(await report(entry, scratch))
  await mkdir(folder, { recursive: true })
  const left = (await readdir(folder)).filter((name) => !reports.some(({ file }) => file === name))
  if (isCheck) {
    let isCurrent = left.length === 0
    for (const name of left) console.log(`docs/api-reports/${name} is of no entry of package.json`)
    for (const each of reports) isCurrent = (await isSame(each, scratch)) && isCurrent
    if (isCurrent) console.log(`${reports.map(({ file }) => file).join(', ')}: as built`)
    else throw new Error('The public surface has changed. If that is meant: npm run api-reports, and commit what it writes.')
  } else {
    for (const name of left) await rm(join(folder, name))
    for (const { file, text } of reports) await writeFile(join(folder, file), text)
    console.log(`docs/api-reports: ${reports.map(({ file }) => file).join(', ')}`)
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  await rm(scratch, { recursive: true, force: true })
}
