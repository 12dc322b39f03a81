const json = (status, body) => Response.json(body, { status, headers: { 'cache-control': 'no-store' } })

/** Answers a control request as the demo's own server does (examples/server/control.mjs). */
export async function answerControl(request, path, { readings, commands }) {
  const known = { GET: readings, POST: commands }[request.method] ?? {}
  if (!Object.hasOwn(known, path)) return json(404, { error: 'not found' })
  try {
    return json(200, await known[path](request.method === 'POST' ? await request.json() : undefined))
  } catch (error) {
    return json(400, { error: error.message })
  }
}
