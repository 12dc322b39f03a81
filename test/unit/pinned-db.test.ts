import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { FRAMEWORKS, pinnedBy, pinnedVersions, shortVersion } from '../support/pinned-db.ts'

const textOf = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const manifest = (path: string): { dependencies: Record<string, string>; peerDependencies: Record<string, string> } => JSON.parse(textOf(path))

const parts = (version: string): number[] => version.split('.').map(Number)
const isAtLeast = (version: string, least: string): boolean => {
  const [own, other] = [parts(version), parts(least)]
  const place = own.findIndex((part, index) => part !== other[index])
  return place === -1 || own[place]! > other[place]!
}

/** Ranges as this package writes them: `>=a <b` and `^0.minor.patch`. */
function allows(range: string, version: string): boolean {
  const between = /^>=(\S+) <(\S+)$/.exec(range)
  if (between) return isAtLeast(version, between[1]!) && !isAtLeast(version, between[2]!)
  const [major, minor, patch] = parts(/^\^(\d+\.\d+\.\d+)$/.exec(range)![1]!)
  return isAtLeast(version, `${String(major)}.${String(minor)}.${String(patch)}`) && !isAtLeast(version, `0.${String(minor! + 1)}.0`)
}

describe('what npm installs beside other packages', () => {
  test.each(FRAMEWORKS)('the @tanstack/db that the adapter for %s pins is one of ours', (framework) => {
    expect(allows(manifest('package.json').peerDependencies['@tanstack/db']!, pinnedBy(framework).version)).toBe(true)
  })

  test('every version that an adapter pins is tested, once', () => {
    expect(pinnedVersions().flatMap(({ frameworks }) => frameworks).sort()).toEqual([...FRAMEWORKS].sort())
  })

  test.each(pinnedVersions())('all that is handed on of TanStack DB is in $version', async ({ entry }) => {
    const [, names = ''] = /export \{([^}]+)\} from '@tanstack\/db'/.exec(textOf('src/main/index.ts'))!
    const handedOn = names.split(',').map((name) => name.trim()).filter(Boolean)
    expect(handedOn.length).toBeGreaterThan(20)
    const exported = (await import(/* @vite-ignore */ entry)) as Record<string, unknown>
    expect(handedOn.filter((name) => exported[name] === undefined)).toEqual([])
  })

  test('types are checked against every version, beside the project’s own', () => {
    const checked = textOf('package.json')
    for (const pinned of pinnedVersions().filter(({ frameworks }) => !frameworks.includes('react'))) {
      expect(checked).toContain(`tsc -p test/types/tsconfig.db-${shortVersion(pinned)}.json`)
    }
  })

  test('one @durable-streams/client serves this package and @durable-streams/state', () => {
    const pin = manifest('node_modules/@durable-streams/state/package.json').dependencies['@durable-streams/client']!
    expect(allows(manifest('package.json').dependencies['@durable-streams/client']!, pin)).toBe(true)
    expect(manifest('node_modules/@durable-streams/client/package.json')).toMatchObject({ version: pin })
  })
})
