// @vitest-environment-options {"own":"parity/exports"}
// A change of import: each name that the peer exports is exported by the entry that takes its place.
import { readFileSync } from 'node:fs'
import * as peerState from '@durable-streams/state'
import * as peerDb from '@durable-streams/state/db'
import { expect, test } from 'vitest'
import * as ours from 'sidestream'
import * as ourState from 'sidestream/state'

const missing = (from: object, at: object): string[] => Object.keys(from).filter((name) => !(name in at))

test('@durable-streams/state/db → sidestream', () => {
  expect(missing(peerDb, ours)).toEqual([])
})

test('@durable-streams/state → sidestream/state', () => {
  expect(missing(peerState, ourState)).toEqual([])
})

test('@durable-streams/state before 0.3, where all came from one import → sidestream', () => {
  const OLD = ['isChangeEvent', 'isControlEvent', 'MaterializedState', 'createStreamDB', 'createStateSchema', 'createCollection', 'createOptimisticAction',
    'eq', 'gt', 'gte', 'lt', 'lte', 'like', 'ilike', 'inArray', 'and', 'or', 'not', 'isNull', 'isUndefined', 'count', 'sum', 'avg', 'min', 'max']
  expect(missing({ ...peerState, ...peerDb }, ours)).toEqual([])
  expect(OLD.filter((name) => !(name in ours))).toEqual([])
})

/** Names in the last list of exports of a module's declarations, types too. */
function declared(path: string): string[] {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
  return [...text.matchAll(/^export (?:type )?\{([^}]+)\}/gm)].flatMap(([, names]) => names!.split(',').map((name) => name.trim().split(' as ').at(-1)!)).filter((name) => name !== '')
}

test.each([
  ['node_modules/@durable-streams/state/dist/db.d.ts', 'src/main/index.ts', 40],
  ['node_modules/@durable-streams/state/dist/index.d.ts', 'src/shared/index.ts', 12],
])('each type of %s is exported by %s', (theirs, own, least) => {
  const names = declared(theirs)
  expect(names.length).toBeGreaterThan(least)
  const [ownNames, both] = [declared(own), declared('src/main/index.ts')]
  expect(names.filter((name) => !ownNames.includes(name))).toEqual([])
  // One import is enough, as it was before 0.3.
  expect(names.filter((name) => !both.includes(name))).toEqual([])
})

test('names that both entries have are one thing', () => {
  expect(ours.createStateSchema).toBe(ourState.createStateSchema)
  expect(ours.MaterializedState).toBe(ourState.MaterializedState)
})
