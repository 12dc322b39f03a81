import { bookedNow, STATES } from './parcels.mjs'

const DEARS = 150

/** How often a parcel stays in its state when it changes. */
const STAYS = { booked: 0.2, collected: 0.1, 'in transit': 0.65, 'out for delivery': 0.2, delivered: 0.7, returned: 0.2 }
const RETURNS = 0.1

function nextState(state) {
  if (Math.random() < STAYS[state]) return state
  if (state === 'out for delivery') return Math.random() < RETURNS ? 'returned' : 'delivered'
  if (state === 'delivered' || state === 'returned') return 'booked'
  return STATES[STATES.indexOf(state) + 1]
}

/** Makes parcels travel for ever: an endless source of parcels that have just changed. A share is among those that are worth most. */
export function changesOf(parcels, depots) {
  const dear = parcels
    .map((_, index) => index)
    .sort((a, b) => parcels[b].value - parcels[a].value)
    .slice(0, DEARS)
  const pick = (list) => list[Math.floor(Math.random() * list.length)]

  return function nextChanged(dearShare) {
    const isDear = Math.random() < dearShare
    const parcel = isDear ? parcels[pick(dear)] : pick(parcels)
    const state = nextState(parcel.state)
    if (state === 'booked' && parcel.state !== state && !isDear) Object.assign(parcel, bookedNow())
    // A parcel that is worth much stays so: the page looks at these.
    else if (isDear) parcel.value = Math.max(1500, Math.round(parcel.value * (0.99 + Math.random() * 0.0201)))
    if (state === 'in transit') parcel.depot = pick(depots).id
    parcel.state = state
    parcel.second = Math.floor(Date.now() / 1000)
    return parcel
  }
}
