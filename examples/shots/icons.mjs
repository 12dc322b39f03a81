import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { withProfile } from '../../bench/lab/browser.mjs'

const publicFolder = new URL('../tasks/public/', import.meta.url)

/** Launchers cut a maskable icon to a shape of their own: its drawing stays within the middle, and its ground has no corners. */
const ICONS = [
  { name: 'icon-192.png', size: 192 },
  { name: 'icon-512.png', size: 512 },
  { name: 'icon-maskable-512.png', size: 512, isMaskable: true },
  { name: 'apple-touch-icon.png', size: 180, isMaskable: true },
]

/** The icons of the task list, drawn from its SVG. */
export async function shootIcons() {
  const svg = await readFile(new URL('icon.svg', publicFolder), 'utf8')
  await withProfile(async (context) => {
    const page = await context.newPage()
    for (const { name, size, isMaskable = false } of ICONS) {
      await page.setViewportSize({ width: size, height: size })
      const drawn = isMaskable ? Math.round(size * 0.8) : size
      await page.setContent(`<style>
        html { background: ${isMaskable ? '#171b24' : 'transparent'} }
        body { display: grid; place-content: center; block-size: 100vh; margin: 0 }
        svg { inline-size: ${drawn}px }
      </style>${svg}`)
      await page.screenshot({ path: fileURLToPath(new URL(name, publicFolder)), omitBackground: !isMaskable })
    }
  })
}
