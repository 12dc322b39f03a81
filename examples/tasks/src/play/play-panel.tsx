import { useEffect } from 'react'
import { useControl } from '../../../shared/use-control.ts'
import { useStatus } from '../use-db.ts'
import { ClearDevice } from './clear-device.tsx'
import { crash } from './crash.ts'

interface ServerState {
  offline: boolean
}

const openTab = () => window.open(location.href, '_blank', 'noopener')

/** What there is to try. */
export function PlayPanel() {
  const { state, turn } = useControl<ServerState>('/demo/tasks')
  const { tabs } = useStatus()
  const offline = state?.offline ?? false

  const isOnline = state !== null && !offline
  // A browser fires `online` when its network is back. Here only the server knows that it lets this browser in again.
  useEffect(() => {
    if (isOnline) dispatchEvent(new Event('online'))
  }, [isOnline])

  return (
    <section className="card play" aria-labelledby="play-title">
      <header className="card-head">
        <h2 id="play-title">Try it</h2>
        <p>{state === null ? 'the server is not reachable' : `tabs: ${tabs}`}</p>
      </header>
      <dl className="tries">
        <div>
          <dt>
            <button type="button" className="button" disabled={state === null} onClick={() => turn('/offline', { offline: !offline })}>
              {offline ? 'Go online' : 'Go offline'}
            </button>
          </dt>
          <dd>The server breaks this browser’s connections to the list without an answer, as a lost network does. The page’s files and these buttons still reach it.</dd>
        </div>
        <div>
          <dt>
            <button type="button" className="button" onClick={crash}>
              Crash this tab
            </button>
          </dt>
          <dd>The worker ends in the middle of its work, for all tabs, and the page is left without closing anything. What the outbox shows is still there afterwards.</dd>
        </div>
        <div>
          <dt>
            <button type="button" className="button" onClick={openTab}>
              Open another tab
            </button>
          </dt>
          <dd>It shows the same changes and the same outbox, offline too.</dd>
        </div>
        <div>
          <dt>
            <ClearDevice />
          </dt>
          <dd>Removes the rows and the changes that are stored here, as at a sign-out. It asks first when changes would be lost.</dd>
        </div>
      </dl>
    </section>
  )
}
