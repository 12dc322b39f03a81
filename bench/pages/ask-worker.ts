/** Starts the benchmark's worker of this name. */
export const startWorker = (name: string): Worker => new Worker(`/${name}.js`, { type: 'module' })

/**
 * Posts an order to a worker.
 * @param read makes something of the answer, in its message's own task; what it throws rejects
 */
export function askWorker<Answer, Result>(worker: Worker, order: unknown, read: (message: MessageEvent<Answer>) => Result): Promise<Result> {
  return new Promise((resolve, reject) => {
    worker.onerror = ({ message }) => {
      reject(new Error(`worker: ${message || 'did not start'}`))
    }
    worker.onmessage = (message: MessageEvent<Answer>) => {
      try {
        resolve(read(message))
      } catch (error) {
        reject(error as Error)
      }
    }
    worker.postMessage(order)
  })
}
