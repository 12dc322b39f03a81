import { hrefOf, TOPOLOGIES, type Topology, topology } from './topology.ts'

const LABELS: Record<Topology, string> = { shared: 'Shared worker', dedicated: 'Dedicated', page: 'Page' }

/** Links, because the choice is made when the page loads. */
export function TopologySwitch() {
  return (
    <nav className="segments" aria-label="Run the engine in">
      {TOPOLOGIES.map((choice) => (
        <a key={choice} href={hrefOf(choice)} aria-current={choice === topology ? 'true' : undefined}>
          {LABELS[choice]}
        </a>
      ))}
    </nav>
  )
}
