/** `auto` is as the system has it. */
export const THEMES = ['auto', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const KEY = 'sidestream-demo-theme'

export function chosenTheme(): Theme {
  try {
    return THEMES.find((theme) => theme === localStorage.getItem(KEY)) ?? 'auto'
  } catch {
    // A browser may refuse storage.
    return 'auto'
  }
}

/** By an attribute: what the build makes of `light-dark()` follows the style sheet's rules, and no inline style. */
export function showTheme(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme
}

export function chooseTheme(theme: Theme): void {
  showTheme(theme)
  try {
    localStorage.setItem(KEY, theme)
  } catch {
    // As above: the choice lasts as long as the page.
  }
}

showTheme(chosenTheme())
