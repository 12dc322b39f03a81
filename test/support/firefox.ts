import { firefox, type Browser } from 'playwright'
import { findInstalled, namedExecutable } from './executable.ts'

const INSTALLED = ['firefox-esr', 'firefox']

const PREFERENCES = {
  // Else `navigator.storage.persist()` waits for an answer that nobody can give.
  'dom.storageManager.prompt.testing': true,
  'dom.storageManager.prompt.testing.allow': true,
  // The rest keeps the browser from looking anything up.
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
}

let found: Promise<string | undefined> | undefined

/** The path of a Firefox to test with, if there is one. */
export function firefoxExecutable(): Promise<string | undefined> {
  found ??= namedExecutable('SIDESTREAM_FIREFOX').then((named) => named ?? findInstalled(INSTALLED))
  return found
}

export async function launchFirefox(): Promise<Browser> {
  const executablePath = await firefoxExecutable()
  if (executablePath === undefined) {
    throw new Error(
      'No Firefox to test with. Install one (Debian: apt-get install firefox-esr), or set SIDESTREAM_FIREFOX to the path of an executable.',
    )
  }
  return firefox.launch({
    // An ordinary Firefox: without it Playwright speaks a protocol that only its own build has.
    channel: 'moz-firefox',
    executablePath,
    firefoxUserPrefs: PREFERENCES,
    // Without it the settings server above is not believed.
    env: { ...process.env, MOZ_REMOTE_SETTINGS_DEVTOOLS: '1' } as Record<string, string>,
  })
}
