import { openDB } from 'idb'

const STORE = 'log'
const KEY = 'state'

/** Keeps what a service worker has to know of its log when it is started again. @param name hosts may have several demos on one origin */
export async function openStorage(name) {
  const db = await openDB(`demo-server ${name}`, 1, { upgrade: (fresh) => void fresh.createObjectStore(STORE) })
  return {
    load: () => db.get(STORE, KEY),
    save: (state) => db.put(STORE, state, KEY),
  }
}
