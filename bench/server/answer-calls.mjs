/** Answers what the driver calls, see lab/child.mjs, until it is gone, however it ended. */
export function answerCalls(calls) {
  process.on('message', async ({ id, call, argument }) => {
    try {
      process.send({ id, value: (await calls[call](argument)) ?? null })
    } catch (error) {
      process.send({ id, error: String(error) })
    }
  })
  process.on('disconnect', () => process.exit())
}
