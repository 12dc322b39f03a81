import { withProfile } from './browser.mjs'
import { onLoaded, tracedLoad } from './load.mjs'

export const SHOWN = 50

/** A visit with nothing cached. */
export async function coldRows({ page, server, timeoutMs }, setup) {
  const tops = [await server.top(SHOWN)]
  return withProfile((context) => tracedLoad(context, { url: page(setup.page, { ...setup.visit, tops }), timeoutMs }))
}

/** The second visit in a profile, `changed` rows having changed; one of them is first now. */
export async function warmRows({ page, server, timeoutMs }, setup, changed) {
  const tops = [await server.top(SHOWN)]
  const url = () => page(setup.page, { ...setup.visit, tops })
  return withProfile(async (context) => {
    await onLoaded(context, { url: url(), timeoutMs }, (_, tab) => tab.answer(timeoutMs, () => window.query.kept()))
    await server.change(changed)
    tops.push(await server.top(SHOWN))
    return tracedLoad(context, { url: url(), timeoutMs })
  })
}
