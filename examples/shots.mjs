// Takes the README's pictures, and the icons of the task list: all of them, or those that are named.
import { mkdir } from 'node:fs/promises'
import { shootCities } from './shots/cities.mjs'
import { shootDashboard } from './shots/dashboard.mjs'
import { imagePath } from './shots/demo.mjs'
import { shootDevtools } from './shots/devtools.mjs'
import { shootIcons } from './shots/icons.mjs'
import { shootTasks } from './shots/tasks.mjs'

const SHOTS = { cities: shootCities, dashboard: shootDashboard, devtools: shootDevtools, icons: shootIcons, tasks: shootTasks }
const named = process.argv.slice(2)

await mkdir(imagePath(''), { recursive: true })
for (const name of named.length > 0 ? named : Object.keys(SHOTS)) {
  if (!Object.hasOwn(SHOTS, name)) throw new Error(`There is no picture "${name}", only ${Object.keys(SHOTS).join(', ')}`)
  await SHOTS[name]()
}
