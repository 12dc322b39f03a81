import { existsSync, readFileSync } from 'node:fs'
import { alternate } from '../lab/alternate.mjs'
import { withProfile } from '../lab/browser.mjs'
import { SHOWN } from '../lab/first-rows.mjs'
import { withGenerator } from '../lab/generator.mjs'
import { onPage } from '../lab/load.mjs'
import { figuresOf } from '../report/figures.mjs'
import { pointsAt } from '../server/rows.mjs'

export const pages = ['other-sidestream', 'other-tanstack-sqlite', 'other-rxdb']

// A step that takes longer is given up.
const MOST_MS = 240_000
const METRICS = ['installMs', 'firstRowsMs', 'topMs', 'updatesMs']
const SQLITE = '@tanstack/browser-db-sqlite-persistence'
const SETUPS = [
  { page: 'other-sidestream', who: 'sidestream', mode: 'eager' },
  { page: 'other-sidestream', who: 'sidestream', mode: 'on-demand' },
  { page: 'other-tanstack-sqlite', who: SQLITE, mode: 'eager' },
  { page: 'other-tanstack-sqlite', who: SQLITE, mode: 'on-demand' },
  { page: 'other-rxdb', who: 'rxdb', mode: 'on-demand' },
]
const installed = new URL('../others/node_modules/', import.meta.url)

/** The same work with what else keeps rows on the device: install, start from what is stored, a query, updates. */
export async function run(lab) {
  if (!existsSync(installed)) throw new Error('the case `others` has packages of its own: npm ci --prefix bench/others')
  const setups = new Map(
    SETUPS.map(({ page, who, mode }) => [`${who}, ${mode}`, { page, mode, about: { who, mode, ...(who !== 'sidestream' && { version: versionOf(who) }) } }]),
  )
  const asc = Array.from({ length: lab.rows }, (_, index) => pointsAt(index)).sort((a, b) => a - b).slice(0, SHOWN)
  // A turn takes minutes: none is discarded.
  const results = await alternate({ ...lab.turns, warmedUp: true, who: [...setups.keys()], label: 'others' }, (name) =>
    withGenerator(lab, (generator) => measure(lab, setups.get(name), { generator, asc })),
  )
  return figuresOf(setups, { case: 'others', rows: lab.rows, mostMs: MOST_MS }, METRICS, results)
}

function measure(lab, { page, mode }, { generator, asc }) {
  return withProfile(async (context) => {
    const step = async (name, more) => {
      const url = lab.page(page, { stream: generator.url, mode, step: name, ...more })
      return onPage(context, url, (tab) => tab.answerBy(MOST_MS, () => window.bench))
    }
    const first = await step('install')
    if (!first) return { installMs: Infinity }
    const second = await step('open', { desc: await generator.top(SHOWN), asc })
    return { ...first, ...(second ?? { firstRowsMs: Infinity, topMs: Infinity, updatesMs: Infinity }) }
  })
}

const versionOf = (name) => JSON.parse(readFileSync(new URL(`${name}/package.json`, installed), 'utf8')).version
