import type { Ack, DiffBatch } from '../../src/shared/batch.ts'
import type { Outcome, RequestValues, TabContract } from '../../src/shared/calls.ts'
import type { TabStatus } from '../../src/shared/status.ts'
import type { OutboxNews } from '../../src/shared/write.ts'

export interface Delivery {
  readonly batch: DiffBatch
  answer(ack: Ack): void
  fail(error: Error): void
}

/** A tab that answers when the test says so. */
export class ScriptedTab implements TabContract {
  readonly deliveries: Delivery[] = []
  /** Those that came by themselves, and those that came with a batch. */
  readonly statuses: TabStatus[] = []

  get last(): Delivery {
    return this.deliveries.at(-1)!
  }

  apply(batch: DiffBatch): Promise<Ack> {
    if (batch.status) this.statuses.push(batch.status)
    return new Promise((answer, fail) => {
      // As it crosses a port: later changes on the engine's side are not seen here.
      this.deliveries.push({ batch: structuredClone(batch), answer, fail })
    })
  }

  /** Statuses are answered by {@link answerStatus} only. */
  holdsStatus = false
  #answerStatus: () => void = () => undefined

  status(status: TabStatus): Promise<void> | void {
    this.statuses.push(status)
    if (this.holdsStatus) return new Promise((answer) => (this.#answerStatus = answer))
  }

  answerStatus(): void {
    this.holdsStatus = false
    this.#answerStatus()
  }

  readonly news: OutboxNews[] = []

  outbox(news: OutboxNews): void {
    this.news.push(news)
  }

  requestValues(): Promise<Outcome<RequestValues>> {
    return Promise.resolve({ ok: true, value: { headers: {}, params: {} } })
  }
}

/** Lets every promise that can settle do so. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}
