import type { ClearedMark } from '../shared/cleared-mark.ts'
import type { Outcome, RequestValues } from '../shared/calls.ts'
import { toErrorData, type ErrorData } from '../shared/errors.ts'
import { OnError, type Retry } from './on-error.ts'
import type { PlainOptions, StreamOptions } from './options.ts'
import { after } from './pace.ts'
import type { Preload } from './preload.ts'
import { hasFunctions, resolveValues, type RequestSettings } from './request-values.ts'
import { StreamHooks } from './stream-hooks.ts'

export interface CallbacksOptions {
  readonly options: PlainOptions
  readonly streamOptions: StreamOptions
  /** A function of the application threw. */
  readonly report: (error: ErrorData) => void
  readonly cleared: Pick<ClearedMark, 'isCleared'>
  readonly preload: Pick<Preload, 'observe'>
  readonly reconnect: () => void
}

/** The application's hooks and `onError`, and the headers and params of its requests. */
export class Callbacks {
  readonly hooks: StreamHooks
  readonly onError: OnError
  readonly #mayChange: boolean
  #request: RequestSettings

  constructor({ options, streamOptions: { headers, params, onError }, report, cleared, preload, reconnect }: CallbacksOptions) {
    this.#request = { headers, params }
    // With `onError` the values may change at any time.
    this.#mayChange = onError !== undefined || hasFunctions(this.#request)
    this.hooks = new StreamHooks(options, report)
    this.onError = new OnError({
      onError,
      random: Math.random,
      after,
      onAnswer: this.#onAnswer,
      retry: () => {
        // A user who has signed out while onError decided does not want rows.
        if (cleared.isCleared) this.onError.close()
        else reconnect()
      },
      onStands: (failure) => {
        if (failure) report(failure)
        preload.observe()
      },
    })
  }

  /** As a hello has them. @throws SidestreamError `REQUEST_VALUES` */
  async request(): Promise<RequestValues | null> {
    return this.#mayChange ? null : resolveValues(this.#request)
  }

  async requestValues(): Promise<Outcome<RequestValues>> {
    try {
      return { ok: true, value: await resolveValues(this.#request) }
    } catch (error) {
      return { ok: false, error: toErrorData(error, 'REQUEST_VALUES') }
    }
  }

  readonly #onAnswer = ({ headers, params }: Retry): void => {
    this.#request = { headers: { ...this.#request.headers, ...headers }, params: { ...this.#request.params, ...params } }
  }
}
