/**
 * The setups that show a query's rows, by name: the peer, and sidestream in each mode and with each kind of worker.
 * `about` describes the setup in a figure.
 */
export function setupsOf({ who, modes, peerMount, index }, workers) {
  const setups = new Map()
  const add = (side, name, visit, about) => {
    // On demand there are few rows to index.
    const isIndexed = index && about.mode === 'eager'
    if (!who.includes(side)) return
    setups.set(name, { page: `${side}-query`, visit: { ...visit, isIndexed }, about: { ...(index && { index }), who: side, ...about } })
  }
  add('peer', 'peer', { mount: peerMount }, { mode: 'eager' })
  for (const mode of modes) {
    for (const worker of workers ?? ['dedicated']) {
      const variant = workers ? { mode, worker } : { mode }
      add('sidestream', Object.values(variant).join(', '), { mode, worker, mount: 'start' }, variant)
    }
  }
  return setups
}
