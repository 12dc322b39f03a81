import '../../cities/src/styles/index.css'
import { chosenTheme, showTheme } from '../../shared/theme.ts'
import { startServer } from './start-server.ts'

const root = document.getElementById('root')!

function say(text: string) {
  const line = document.createElement('p')
  line.className = 'empty'
  line.setAttribute('role', 'status')
  line.textContent = text
  const main = document.createElement('main')
  main.append(line)
  root.replaceChildren(main)
}

// The board asks for its log as soon as it is loaded.
startServer()
  .then(() => import('../../cities/src/page.tsx'))
  .then(({ show }) => show())
  .catch((error: unknown) => say(`The demo cannot start here. ${error instanceof Error ? error.message : String(error)}`))

showTheme(chosenTheme())
say('Starting the stream’s server, in this browser…')
