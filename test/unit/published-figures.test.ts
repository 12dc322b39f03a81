import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Figure } from '../../bench/report/figures.mjs'
import { noiseOf } from '../../bench/report/noise.mjs'
import { between, publishedPlaces, replaceBetween } from '../../bench/report/published.mjs'

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8')
const figures = JSON.parse(read('bench/published.json')) as Figure[]

test.each(publishedPlaces(figures))('$page has the figures of the benchmark, unchanged', ({ page, mark, text }) => {
  expect(between(read(page), mark)).toBe(text)
})

test('the machine was quiet', () => {
  expect(noiseOf(figures).isNoisy).toBe(false)
})

test('what stands between two marks is replaced, and nothing else', () => {
  expect(replaceBetween('a\n<!-- x -->\nold $1\n<!-- /x -->\nb', 'x', 'new $&')).toBe('a\n<!-- x -->\nnew $&\n<!-- /x -->\nb')
  expect(() => replaceBetween('a', 'x', 'new')).toThrow('marks of x')
})
