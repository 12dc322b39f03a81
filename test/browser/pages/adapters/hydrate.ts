import { createElement } from 'react'
import { hydrateRoot } from 'react-dom/client'
import { db } from './places.ts'
import { App } from './server-app.ts'

hydrateRoot(document.querySelector('main')!, createElement(App, { db }))
