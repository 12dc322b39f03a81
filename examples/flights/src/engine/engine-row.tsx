import { Cell } from '../../../shared/cell.tsx'
import { formatCount } from '../../../shared/format.ts'
import { useStatus } from '../use-status.ts'
import { HOMES } from './homes.ts'
import { TopologySwitch } from './topology-switch.tsx'

const openTab = () => window.open(location.href, '_blank', 'noopener')

/** Who does the work for this tab, and what can be done to them. */
export function EngineRow() {
  const { where, tabs, epoch, failovers } = useStatus()
  // Until an engine has answered, `where` is a guess that would be corrected a moment later.
  const home = epoch === '' ? null : HOMES[where]
  return (
    <div className="status-row engine">
      <dl>
        <Cell label="Engine" value={home?.name ?? '…'} title={home?.meaning} />
        <Cell label="Tabs served" value={home ? formatCount(tabs) : '…'} />
        <Cell label="Epoch" value={epoch.slice(0, 8) || '…'} title={epoch || undefined} />
        <Cell key={`failovers ${failovers}`} label="Failovers" value={formatCount(failovers)} isNews={failovers > 0} />
      </dl>
      <div className="engine-side">
        <p className="hint">{home?.hint}</p>
        <TopologySwitch />
        <button type="button" className="button" onClick={openTab}>
          Open another tab
        </button>
      </div>
    </div>
  )
}
