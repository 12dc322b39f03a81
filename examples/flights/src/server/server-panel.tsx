import { formatCount } from '../../../shared/format.ts'
import { StreamSwitch } from '../../../shared/stream-switch.tsx'
import { formatBytes, formatOffset, offsetPosition } from '../format.ts'
import { useStatus } from '../use-status.ts'
import { useServer } from './use-server.ts'

const RATES = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] as const

const nearestStep = (rate: number) => {
  const step = RATES.findIndex((candidate) => candidate >= rate)
  return step < 0 ? RATES.length - 1 : step
}

function RateSlider({ rate, onChange }: { rate: number; onChange: (rate: number) => void }) {
  return (
    <label className="rate">
      <span className="rate-label">
        Live events <span className="rate-value">{formatCount(rate)} / s</span>
      </span>
      <input
        type="range"
        min={0}
        max={RATES.length - 1}
        value={nearestStep(rate)}
        aria-valuetext={`${rate} events per second`}
        onChange={(event) => onChange(RATES[Number(event.target.value)] ?? 0)}
      />
    </label>
  )
}

/** How far this page is behind the end of the server's log. */
function Lag({ tail }: { tail: string | undefined }) {
  const { offset } = useStatus()
  const end = offsetPosition(tail ?? null)
  const behind = end === null ? null : Math.max(0, end - (offsetPosition(offset) ?? 0))
  return (
    <dl className="lag">
      <div>
        <dt>End of log</dt>
        <dd>{formatOffset(tail ?? null)}</dd>
      </div>
      <div>
        <dt>Page is behind by</dt>
        <dd>{behind === null ? '…' : formatBytes(behind)}</dd>
      </div>
    </dl>
  )
}

export function ServerPanel() {
  const { state, setOpen, setRate } = useServer()
  const open = state?.open ?? false
  return (
    <section className="card console" aria-labelledby="server-title">
      <header className="card-head">
        <h2 id="server-title">Server</h2>
        <p>{state ? `${formatCount(state.sent)} live events written` : 'not reachable'}</p>
      </header>
      <div className="console-row">
        <StreamSwitch open={open} disabled={state === null} onChange={setOpen} />
        <RateSlider rate={state?.rate ?? 0} onChange={setRate} />
      </div>
      <Lag tail={state?.tail} />
    </section>
  )
}
