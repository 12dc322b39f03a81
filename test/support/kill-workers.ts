import type { Suite } from './browser-app.ts'

/** Ends every shared worker of a suite's pages, as the browser's own task manager would. @returns how many there were */
export async function killSharedWorkers({ context, host }: Pick<Suite, 'context' | 'host'>): Promise<number> {
  const cdp = await context.browser()!.newBrowserCDPSession()
  const { targetInfos } = await cdp.send('Target.getTargets', { filter: [{}] })
  const workers = targetInfos.filter(({ type, url }) => type === 'shared_worker' && url.startsWith(host.url))
  for (const { targetId } of workers) await cdp.send('Target.closeTarget', { targetId })
  await cdp.detach()
  return workers.length
}
