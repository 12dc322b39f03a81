import { expect, test } from 'vitest'
import { scriptName } from '../../src/worker/start.ts'

test.each([
  ['the URL of a file', 'https://app.test/worker.js', 'app', 'https://app.test/worker.js'],
  ['the name of a blob, whose URL is another one in every tab', 'blob:https://app.test/0b1', 'https://cdn.test/worker.js', 'https://cdn.test/worker.js'],
  ['the URL of a blob without a name', 'blob:https://app.test/0b1', '', 'blob:https://app.test/0b1'],
])('workers of several tabs are of one version by %s', (_, href, name, expected) => {
  expect(scriptName({ location: { href }, name })).toBe(expected)
})
