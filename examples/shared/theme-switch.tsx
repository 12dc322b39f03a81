import { useState } from 'react'
import { chooseTheme, chosenTheme, THEMES } from './theme.ts'

export function ThemeSwitch() {
  const [theme, setTheme] = useState(chosenTheme)
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!
  return (
    <button
      type="button"
      className="button theme"
      title={`Theme: ${theme}. Click for ${next}.`}
      onClick={() => {
        setTheme(next)
        chooseTheme(next)
      }}
    >
      Theme: {theme}
    </button>
  )
}
