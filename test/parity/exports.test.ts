// @vitest-environment-options {"own":"parity/exports"}
// A change of import: each name that the peer exports is exported by the entry that takes its place.
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

test('names that both entries have are one thing', () => {
  expect(ours.createStateSchema).toBe(ourState.createStateSchema)
  expect(ours.MaterializedState).toBe(ourState.MaterializedState)
})
