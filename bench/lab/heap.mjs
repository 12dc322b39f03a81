/** JS heap of a page, garbage collected. */
export async function pageHeap(page) {
  const session = await page.context().newCDPSession(page)
  try {
    return await usedHeap((method) => session.send(method))
  } finally {
    await session.detach()
  }
}

/** JS heaps of a page's own workers, garbage collected. */
export async function workerHeaps(page) {
  const session = await page.context().newCDPSession(page)
  try {
    const targets = []
    session.on('Target.attachedToTarget', (attached) => targets.push(attached))
    // It reports the workers there are before it answers.
    await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false })
    const workers = targets.filter(({ targetInfo }) => targetInfo.type === 'worker')
    return await Promise.all(workers.map(({ sessionId }) => usedHeap(channel(session, sessionId))))
  } finally {
    await session.detach()
  }
}

/** JS heaps of a browser's shared workers, garbage collected. */
export async function sharedWorkerHeaps(browser) {
  const session = await browser.newBrowserCDPSession()
  try {
    const { targetInfos } = await session.send('Target.getTargets', { filter: [{ type: 'shared_worker' }] })
    return await Promise.all(
      targetInfos.map(async ({ targetId }) => {
        const { sessionId } = await session.send('Target.attachToTarget', { targetId, flatten: false })
        return usedHeap(channel(session, sessionId))
      }),
    )
  } finally {
    await session.detach()
  }
}

async function usedHeap(send) {
  await send('HeapProfiler.collectGarbage')
  const { usedSize } = await send('Runtime.getHeapUsage')
  return usedSize
}

/** Calls to a target inside of a session: Playwright has no sessions of its own for workers. */
function channel(session, sessionId) {
  const waiting = new Map()
  let nextId = 0
  session.on('Target.receivedMessageFromTarget', ({ sessionId: from, message }) => {
    if (from !== sessionId) return
    const { id, result, error } = JSON.parse(message)
    waiting.get(id)?.({ result, error })
  })
  return async (method) => {
    const id = (nextId += 1)
    const answered = new Promise((resolve) => waiting.set(id, resolve))
    await session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) })
    const { result, error } = await answered
    if (error) throw new Error(`${method}: ${error.message}`)
    return result
  }
}
