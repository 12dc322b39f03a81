// @vitest-environment-options {"own":"parity/rows"}
// Every row of docs/differences.md is named by a test of this folder, or is one that can't be seen from here.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { rowsOfDifferences } from './harness.ts'

/** Rows that a page of one tab without cache can't show, with the suites that do. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'where it runs': 'test/browser/host/engine.host.test.ts',
  'many tabs': 'test/browser/host/many-tabs.host.test.ts',
  'what a tab holds': 'test/unit/on-demand.test.ts',
  'commits': 'test/unit/replica.test.ts',
  'in hidden tabs': 'test/browser/host/tabs.host.test.ts',
  'at page load': 'test/browser/host/lifecycle.host.test.ts',
  '`preload()`': 'test/browser/host/lifecycle.host.test.ts',
  'update of a missing key, delete of a missing key': 'test/property/state-protocol.test.ts',
  'seen txids': 'test/unit/txids.test.ts',
  'errors of TanStack DB when a schema refuses a change': 'test/unit/writing.test.ts',
  '`onEvent`, `onBeforeBatch`, `onBatch`': 'test/browser/host/many-tabs.host.test.ts',
  '`db.stream`': 'test/types/peer.test-d.ts',
  'types of `db.stream` and `actions`\' `stream`': 'test/types/peer.test-d.ts',
  '`stream` option': 'test/unit/options.test.ts',
  'functions in `headers`, `params`': 'test/unit/request-desk.test.ts',
  'an `onError` that always tries again': 'test/unit/on-error.test.ts',
  '`backoffOptions.maxRetries`, `onFailedAttempt`, `debug`': 'test/unit/options.test.ts',
  '`append` when the server asks for a pause': 'test/unit/http-writer.test.ts',
  '`headers`, `params` that never settle': 'test/unit/http-writer.test.ts',
  'a promised body of `append` that never comes': 'test/unit/stream-handle.test.ts',
  'appends beside one that the server refuses': 'test/unit/http-writer.test.ts',
  '`producerId`, `producerEpoch`, `producerSeq` of `append`': 'test/unit/http-writer.test.ts',
  '`require` in CommonJS': 'test/unit/requirable.test.ts',
  'versions of `@tanstack/db`': 'test/unit/pinned-db.test.ts',
  'console': 'eslint.config.js',
  'the browser\'s HTTP cache': 'test/unit/http-source.test.ts',
}

const folder = new URL('./', import.meta.url)
const sources = readdirSync(folder)
  .filter((name) => name.endsWith('.test.ts') && name !== 'rows.test.ts')
  .map((name) => readFileSync(new URL(name, folder), 'utf8'))
  .join('\n')

test.each(rowsOfDifferences())('%s', (row) => {
  const named = sources.includes(`'${row}'`) || Object.hasOwn(ELSEWHERE, row)
  expect(named, 'no parity test names this row of docs/differences.md').toBe(true)
})

test('a row that is shown elsewhere is in the table, and its suite is there', () => {
  for (const [row, suite] of Object.entries(ELSEWHERE)) {
    expect(rowsOfDifferences()).toContain(row)
    expect(() => readFileSync(new URL(`../../${suite}`, import.meta.url)), suite).not.toThrow()
  }
})
