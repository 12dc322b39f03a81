import { firefoxExecutable } from './firefox.ts'
import { webkitPrograms } from './webkit.ts'

export const ENGINES = ['chromium', 'firefox', 'webkit'] as const
export type EngineName = (typeof ENGINES)[number]

/** Engines that have to be installed: without them their tests fail, and are not skipped. Chromium is always needed. */
const demanded = (process.env['SIDESTREAM_ENGINES'] ?? '').split(',').map((name) => name.trim())

export interface EngineChoice {
  readonly engine: EngineName
  /** For the title of its tests: the engine, and why they are skipped if they are. */
  readonly title: string
  readonly skipped: boolean
}

/** Every engine, with whether it can be tested in here. */
export function engines(): Promise<EngineChoice[]> {
  return Promise.all(
    ENGINES.map(async (engine) => {
      const missing = demanded.includes(engine) ? null : await missingProgram(engine)
      return { engine, skipped: missing !== null, title: missing === null ? engine : `${engine} (skipped: ${missing} is not installed)` }
    }),
  )
}

async function missingProgram(engine: EngineName): Promise<string | null> {
  if (engine === 'firefox') return (await firefoxExecutable()) === undefined ? 'Firefox' : null
  if (engine === 'webkit') {
    const programs = await webkitPrograms()
    return typeof programs === 'string' ? programs : null
  }
  return null
}
