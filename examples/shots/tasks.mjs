import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withProfile } from '../../bench/lab/browser.mjs'
import { imagePath, withDemo } from './demo.mjs'

const TAB = { width: 560, height: 966 }
const GAP = 16

async function openTab(context, url, person) {
  const page = await context.newPage()
  await page.setViewportSize(TAB)
  await page.goto(`${url}tasks/`)
  await page.getByRole('combobox', { name: 'You are' }).selectOption(person)
  return page
}

/** Both tabs in one picture. */
async function beside(context, tabs) {
  const shots = []
  for (const tab of tabs) {
    await tab.bringToFront()
    await tab.getByRole('button', { name: 'Go online' }).waitFor()
    shots.push((await tab.screenshot()).toString('base64'))
  }
  const page = await context.newPage()
  await page.setViewportSize({ width: shots.length * (TAB.width + GAP) - GAP, height: TAB.height })
  const images = shots.map((shot) => `<img src="data:image/png;base64,${shot}">`).join('')
  await page.setContent(`<style>body { display: flex; gap: ${GAP}px; margin: 0 }</style>${images}`)
  await page.screenshot({ path: imagePath('tasks-two-tabs.png'), omitBackground: true })
}

async function shoot(context, url) {
  const left = await openTab(context, url, 'ada')
  await left.getByText('opens offline').waitFor()
  const right = await openTab(context, url, 'grace')
  await left.getByRole('button', { name: 'Go offline' }).click()
  const added = left.getByRole('textbox', { name: 'New task' })
  await added.fill('Ask the harbour for the key')
  await added.press('Enter')
  await right.getByRole('checkbox', { name: 'Done: Dry the tent' }).click()
  // No button has the focus, or the mouse over it.
  await right.mouse.move(0, 0)
  await left.getByRole('heading', { name: 'Tasks' }).click()
  for (const tab of [left, right]) {
    await tab.getByText('2 changes not sent yet.').waitFor()
    await tab.getByText('offline', { exact: true }).waitFor()
  }
  await beside(context, [left, right])
}

/** Two tabs of the task list beside each other: offline, each with a change that both of them show. */
export async function shootTasks() {
  const folder = await mkdtemp(join(tmpdir(), 'sidestream-list-'))
  try {
    await withDemo(['--tasks', folder], (url) => withProfile((context) => shoot(context, url)))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
