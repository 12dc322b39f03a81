import { withProfile } from './browser.mjs'
import { onLoaded, tracedLoad, VISIT } from './load.mjs'
import { traced } from './trace.mjs'

export const SHOWN = 50
export const LIMIT = 'limit'

/** A visit with nothing cached. */
export async function coldRows({ page, server, timeoutMs }, setup) {
  const tops = [await server.top(SHOWN)]
  return withProfile((context) => tracedLoad(context, { url: page(setup.page, { ...setup.visit, tops }), timeoutMs }))
}

/** The second visit in a profile, `changed` rows having changed; one of them is first now. */
export async function warmRows(lab, setup, changed) {
  return (await twoVisits(lab, setup, changed, (_, use) => use())).warm
}

/** Both visits of a profile, each as measured alone. */
export function coldAndWarmRows(lab, setup, changed) {
  return twoVisits(lab, setup, changed, async (context, use) => {
    const { result, trace } = await traced(context.browser(), use)
    return { ...result, ...trace.stalls(VISIT) }
  })
}

async function twoVisits({ page, server, timeoutMs }, setup, changed, first) {
  const tops = [await server.top(SHOWN)]
  const url = () => page(setup.page, { ...setup.visit, tops })
  return withProfile(async (context) => {
    const cold = await first(context, () =>
      onLoaded(context, { url: url(), timeoutMs }, async (measured, tab) => {
        await tab.answer(timeoutMs, () => window.query.kept())
        return measured
      }),
    )
    await server.change(changed)
    tops.push(await server.top(SHOWN))
    return { cold, warm: await tracedLoad(context, { url: url(), timeoutMs }) }
  })
}

/** A worker that only reads the stream. Under a trace, because the other measurements also have the cost of a trace. */
export function limitOf(lab) {
  return withProfile((context) => tracedLoad(context, { url: lab.page(LIMIT), timeoutMs: lab.timeoutMs }))
}

/** Takes the limit's runs out of the results, and gives each other run its share of the limit of the same turn. */
export function takeLimits(results, coldOf = (result) => result) {
  const limits = results.get(LIMIT).map(({ ms }) => ms)
  results.delete(LIMIT)
  for (const runs of results.values()) {
    runs.forEach((result, run) => (coldOf(result).limitRatio = coldOf(result).firstRowsMs / limits[run]))
  }
  return limits
}
