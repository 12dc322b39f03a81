import { SidestreamError, toErrorData } from '../../shared/errors.ts'
import type { Outcome, RequestValues, TabContract } from '../../shared/calls.ts'
import type { Sealing, SealingKey } from '../ports.ts'
import { isRequestValues } from '../../shared/guards.ts'

/**
 * The contract of a follower's tab, as it crosses a channel. All code of the origin hears a channel, so headers and params cross
 * sealed to the leader's key, and only the leader can open them.
 */
export type WireTab = Omit<TabContract, 'requestValues'> & {
  requestValues(leaderKey: Uint8Array): Promise<Outcome<Uint8Array>>
}

/** A follower's side: the tab's values are sealed. @param known the tab's values, when they are no functions */
export function sealingTab(sealing: Sealing, tab: TabContract, known: RequestValues | null): WireTab {
  return {
    apply: (batch) => tab.apply(batch),
    status: (status) => tab.status(status),
    outbox: (news) => tab.outbox(news),
    requestValues: async (leaderKey) => {
      const answer = known ? { ok: true as const, value: known } : await tab.requestValues()
      if (!answer.ok) return answer
      try {
        return { ok: true, value: await sealing.seal(leaderKey, JSON.stringify(answer.value)) }
      } catch (error) {
        return { ok: false, error: toErrorData(error, 'TAB_GONE') }
      }
    },
  }
}

/** The leader's side: the tab's sealed values are opened. */
export function unsealingTab(tab: WireTab, key: () => Promise<SealingKey>): TabContract {
  return {
    apply: (batch) => tab.apply(batch),
    status: (status) => tab.status(status),
    outbox: (news) => tab.outbox(news),
    requestValues: async () => {
      const own = await key()
      const answer = await tab.requestValues(own.publicKey)
      if (!answer.ok) return answer
      const values: unknown = JSON.parse(await own.open(answer.value))
      if (!isRequestValues(values)) throw new SidestreamError('TAB_GONE', 'a tab has answered with no headers and params', { retryable: true })
      return { ok: true, value: values }
    },
  }
}
