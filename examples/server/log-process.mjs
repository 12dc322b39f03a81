import { createLogCalls } from './log-calls.mjs'

/**
 * Answers the calls of a board's server from a process of its own: making, keeping and serving many events a second must not
 * delay the server of the page.
 * @param board as `createLogCalls` takes it
 */
export function serveLog(board) {
  const calls = createLogCalls(board)

  process.on('message', ({ id, call, argument }) => {
    process.send({ id, value: calls[call](argument) })
  })
  // The demo is gone, however it ended.
  process.on('disconnect', () => process.exit())

  process.send({ ready: { base: board.log.base } })
}
