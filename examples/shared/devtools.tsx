import { useEffect, useRef, useState } from 'react'
import { createPortal } from 'react-dom'
import type { DevtoolsDB } from 'sidestream/devtools'

/** The page's address asks for them. */
const isAsked = new URLSearchParams(location.search).has('devtools')

interface Props {
  /** Null where the page runs without sidestream. */
  db: () => DevtoolsDB | null | Promise<DevtoolsDB | null>
}

/** A button that shows sidestream's devtools at the foot of the page. Their code is loaded when they are asked for. */
export function Devtools({ db }: Props) {
  const [isOpen, setOpen] = useState(isAsked)
  return (
    <>
      <button type="button" className="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        Devtools
      </button>
      {isOpen && createPortal(<Drawer db={db} />, document.body)}
    </>
  )
}

/** As the page has it: `light` or `dark` was chosen, else the system's setting counts. */
function showTheme(element: Element) {
  const scheme = getComputedStyle(document.documentElement).colorScheme
  if (scheme === 'light' || scheme === 'dark') element.setAttribute('theme', scheme)
  else element.removeAttribute('theme')
}

function Drawer({ db }: Props) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    let isGone = false
    const observer = new MutationObserver(() => {
      const element = place.current?.firstElementChild
      if (element) showTheme(element)
    })
    Promise.all([db(), import('sidestream/devtools')]).then(
      ([shown, { defineSidestreamDevtools }]) => {
        if (isGone || !shown) return
        defineSidestreamDevtools()
        const element = document.createElement('sidestream-devtools')
        element.db = shown
        showTheme(element)
        observer.observe(document.documentElement, { attributeFilter: ['data-theme'] })
        place.current?.replaceChildren(element)
      },
      // The page goes on without them.
      () => undefined,
    )
    return () => {
      isGone = true
      observer.disconnect()
    }
  }, [db])
  return <div className="devtools" ref={place} />
}
