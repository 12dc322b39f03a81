import type { Ack, DiffBatch } from '../../src/shared/batch.ts'
import type { Outcome, RequestValues, TabContract } from '../../src/shared/calls.ts'
import type { EngineStatus } from '../../src/shared/status.ts'

export interface Delivery {
  readonly batch: DiffBatch
  answer(ack: Ack): void
  fail(error: Error): void
}

/** A tab that answers when the test says so. */
export class ScriptedTab implements TabContract {
  readonly deliveries: Delivery[] = []
  readonly statuses: EngineStatus[] = []

  get last(): Delivery {
    return this.deliveries.at(-1)!
  }

  apply(batch: DiffBatch): Promise<Ack> {
    return new Promise((answer, fail) => {
      // As it crosses a port: later changes on the engine's side are not seen here.
      this.deliveries.push({ batch: structuredClone(batch), answer, fail })
    })
  }

  status(status: EngineStatus): void {
    this.statuses.push(status)
  }

  requestValues(): Promise<Outcome<RequestValues>> {
    return Promise.resolve({ ok: true, value: { headers: {}, params: {} } })
  }
}

/** Lets every promise that can settle do so. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}
