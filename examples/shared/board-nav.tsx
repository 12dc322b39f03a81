import { ThemeSwitch } from './theme-switch.tsx'

const BOARDS = [
  { href: '/', name: 'Departures' },
  { href: '/cities.html', name: 'Cities' },
  { href: '/dashboard.html', name: 'Dashboard' },
  { href: '/tasks/', name: 'Tasks' },
]

/** The way from one of the demo's boards to the others, and the switch between light and dark. */
export function BoardNav() {
  return (
    <>
      <nav className="segments" aria-label="Boards">
        {BOARDS.map(({ href, name }) => (
          <a key={href} href={href} aria-current={href === location.pathname ? 'page' : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <ThemeSwitch />
    </>
  )
}
