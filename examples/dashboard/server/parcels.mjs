const FIRST = ['Ada', 'Ben', 'Chloé', 'Dario', 'Elif', 'Finn', 'Grace', 'Hana', 'Ivo', 'Jana', 'Kofi', 'Lena', 'Mina', 'Noah', 'Olga', 'Pavel', 'Rosa', 'Sven', 'Tomás', 'Uma']
const LAST = ['Andersen', 'Bauer', 'Costa', 'Dubois', 'Eriksson', 'Ferrari', 'García', 'Hansen', 'Ivanova', 'Jensen', 'Kowalski', 'Lopes', 'Martin', 'Novák', 'Okafor', 'Peeters', 'Rossi', 'Silva', 'de Vries', 'Young']
export const STATES = ['booked', 'collected', 'in transit', 'out for delivery', 'delivered', 'returned']
const SERVICES = ['economy', 'standard', 'express', 'freight']

/** How many of a hundred parcels are in each state, are sent by each service, and are booked on each day and in each hour. */
const STATE_SHARES = [14, 10, 27, 12, 33, 4]
const SERVICE_SHARES = [24, 46, 22, 8]
const DAY_SHARES = [18, 16, 16, 16, 18, 10, 6]
const HOUR_SHARES = [1, 1, 0.5, 0.5, 0.5, 1, 2, 3, 5, 7, 8, 8, 6, 6, 7, 7, 7, 6, 5, 5, 5, 4, 3, 1.5]

/** An index of a list of shares, each as often as its share says. */
function drawOf(shares) {
  const total = shares.reduce((sum, share) => sum + share, 0)
  return () => {
    let left = Math.random() * total
    return Math.max(0, shares.findIndex((share) => (left -= share) < 0))
  }
}

const drawState = drawOf(STATE_SHARES)
const drawService = drawOf(SERVICE_SHARES)
const drawDay = drawOf(DAY_SHARES)
const drawHour = drawOf(HOUR_SHARES)
const pick = (list) => list[Math.floor(Math.random() * list.length)]

/** Cents. Few are worth much. */
const drawValue = () => Math.round(1500 + 60_000 * Math.random() ** 4 + (Math.random() < 0.002 ? 900_000 * Math.random() : 0))

/** Whole kilograms, most of them few. */
const drawWeight = () => 1 + Math.floor((Math.random() + Math.random()) * 4 + 22 * Math.random() ** 6)

export const bookedNow = () => ({ day: drawDay(), hour: drawHour(), value: drawValue(), weight: drawWeight(), service: SERVICES[drawService()] })

/** Parcels that are under way, with names and figures that are made up. */
export function makeParcels(count, depots) {
  const digits = String(count).length
  const now = Math.floor(Date.now() / 1000)
  return Array.from({ length: count }, (_, index) => ({
    id: `P${String(index + 1).padStart(digits, '0')}`,
    to: `${pick(FIRST)} ${pick(LAST)}`,
    depot: depots[Math.floor(depots.length * Math.random() ** 1.6)].id,
    ...bookedNow(),
    state: STATES[drawState()],
    /** Second of the last change. */
    second: now - 60 - Math.floor(Math.random() * 3600),
  }))
}
