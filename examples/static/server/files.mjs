/** Hosts of static files may serve `cities` for `cities.html`, and a folder for its `index.html`. */
const spellings = (path) => [path, `${path}index.html`, `${path}.html`]

/** A browser refuses to open a page with an answer that was redirected. */
const direct = (response) => (response.redirected ? new Response(response.body, { status: response.status, headers: response.headers }) : response)

/**
 * The demo's files, all of one build: they are stored when the service worker is installed, and come out of the store, so that
 * the page opens without a network.
 */
export function createFiles({ scope, build, names }) {
  const mine = `demo-files ${scope.pathname} `
  const open = () => caches.open(mine + build)
  const find = async (path) => (await open()).match(new URL(path, scope))

  return {
    async install() {
      const cache = await open()
      const put = async (name) => {
        const url = new URL(name, scope)
        // A copy that the browser has from an earlier visit may be another build's.
        const response = await fetch(url, { cache: 'no-cache' })
        if (!response.ok) throw new Error(`${name}: ${response.status}`)
        await cache.put(url, direct(response))
      }
      await Promise.all(names.map(put))
    },

    async removeOld() {
      const keys = await caches.keys()
      await Promise.all(keys.filter((key) => key.startsWith(mine) && key !== mine + build).map((key) => caches.delete(key)))
    },

    async json(name) {
      const response = (await find(name)) ?? (await fetch(new URL(name, scope)))
      return response.json()
    },

    async answer(request, path) {
      for (const spelling of spellings(path)) {
        const stored = names.includes(spelling) && (await find(spelling))
        if (stored) return stored
      }
      return fetch(request)
    },
  }
}
