import { BOARDS, DEMOS_PATH, hrefOf, isHere } from './boards.ts'
import { ThemeSwitch } from './theme-switch.tsx'

const LINKS = [{ path: DEMOS_PATH, name: 'Demos' }, ...BOARDS.filter(isHere)]

/** The way from one of the demo's pages to the others, and the switch between light and dark. */
export function BoardNav() {
  return (
    <>
      <nav className="segments" aria-label="Boards">
        {LINKS.map(({ path, name }) => (
          <a key={path} href={hrefOf(path)} aria-current={hrefOf(path) === location.pathname ? 'page' : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <ThemeSwitch />
    </>
  )
}
