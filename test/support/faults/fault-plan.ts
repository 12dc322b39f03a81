import { matches, type LoggedRequest, type RequestMatch } from './request-log.ts'

export type FaultAction =
  /** Answer in the server's place. */
  | {
      readonly kind: 'respond'
      readonly status: number
      /** Asked anew for each answer. */
      readonly headers: () => Readonly<Record<string, string>>
      readonly body?: string
    }
  /** Wait before the request is looked at any further. Adds up with every other fault. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Wait until released, then go on as if nothing had been. Adds up with every other fault. */
  | { readonly kind: 'hold'; readonly released: Promise<void> }
  /** Let the server answer, pass on that many bytes of the body, and break the connection. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** Let the server do its work, and break the connection in place of the answer. */
  | { readonly kind: 'lose-answer' }
  /** Break the connection before the server sees anything. */
  | { readonly kind: 'reset' }
  /** Never answer. */
  | { readonly kind: 'hang' }

export interface FaultScope {
  readonly match?: RequestMatch
  /** How many requests it strikes. Default: every one until cleared. */
  readonly times?: number
}

export interface Fault {
  /** Requests struck so far. */
  readonly hits: number
  /** Resolves at the first hit. */
  readonly struck: Promise<LoggedRequest>
  clear(): void
}

export interface HoldFault extends Fault {
  /** Lets every held request go on, and holds no other. */
  release(): void
}

interface Rule extends FaultScope {
  readonly action: FaultAction
  hits: number
  readonly struck: (request: LoggedRequest) => void
}

export interface RespondOptions {
  /** Seconds. */
  readonly retryAfter?: number
  readonly headers?: Readonly<Record<string, string>> | (() => Readonly<Record<string, string>>)
  readonly body?: string
}

export interface Faults {
  respond(
    status: number,
    options?: FaultScope & RespondOptions,
  ): Fault
  delay(ms: number, scope?: FaultScope): Fault
  hold(scope?: FaultScope): HoldFault
  cut(afterBytes: number, scope?: FaultScope): Fault
  loseAnswer(scope?: FaultScope): Fault
  reset(scope?: FaultScope): Fault
  hang(scope?: FaultScope): Fault
  /** Forgets every rule; what is held goes on. */
  clear(): void
}

/** Which faults strike which requests. It only decides: the proxy acts. */
export class FaultPlan implements Faults {
  private rules: Rule[] = []
  private readonly releases = new Set<() => void>()

  /** Waiting faults first, then at most one other: the oldest that matches. */
  take(request: LoggedRequest): FaultAction[] {
    const struck: FaultAction[] = []
    let decided: FaultAction | undefined
    for (const rule of [...this.rules]) {
      const waits = rule.action.kind === 'delay' || rule.action.kind === 'hold'
      if (!waits && decided !== undefined) continue
      if (!matches(request, rule.match)) continue
      rule.hits += 1
      if (rule.times !== undefined && rule.hits >= rule.times) this.remove(rule)
      rule.struck(request)
      if (waits) struck.push(rule.action)
      else decided = rule.action
    }
    return decided === undefined ? struck : [...struck, decided]
  }

  respond(
    status: number,
    {
      retryAfter,
      headers,
      body,
      ...scope
    }: FaultScope & RespondOptions = {},
  ): Fault {
    const all = (): Record<string, string> => ({
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
      ...(typeof headers === 'function' ? headers() : headers),
    })
    return this.add({ kind: 'respond', status, headers: all, ...(body === undefined ? {} : { body }) }, scope)
  }

  delay(ms: number, scope?: FaultScope): Fault {
    return this.add({ kind: 'delay', ms }, scope)
  }

  hold(scope?: FaultScope): HoldFault {
    let open: () => void = () => undefined
    const released = new Promise<void>((resolve) => (open = resolve))
    const fault = this.add({ kind: 'hold', released }, scope)
    const release = (): void => {
      this.releases.delete(release)
      fault.clear()
      open()
    }
    this.releases.add(release)
    return {
      get hits() {
        return fault.hits
      },
      struck: fault.struck,
      clear: release,
      release,
    }
  }

  cut(afterBytes: number, scope?: FaultScope): Fault {
    return this.add({ kind: 'cut', afterBytes }, scope)
  }

  loseAnswer(scope?: FaultScope): Fault {
    return this.add({ kind: 'lose-answer' }, scope)
  }

  reset(scope?: FaultScope): Fault {
    return this.add({ kind: 'reset' }, scope)
  }

  hang(scope?: FaultScope): Fault {
    return this.add({ kind: 'hang' }, scope)
  }

  clear(): void {
    this.rules = []
    for (const release of [...this.releases]) release()
  }

  private add(action: FaultAction, scope: FaultScope = {}): Fault {
    let strike: (request: LoggedRequest) => void = () => undefined
    const struck = new Promise<LoggedRequest>((resolve) => (strike = resolve))
    const rule: Rule = { ...scope, action, hits: 0, struck: strike }
    this.rules.push(rule)
    return {
      get hits() {
        return rule.hits
      },
      struck,
      clear: () => this.remove(rule),
    }
  }

  private remove(rule: Rule): void {
    this.rules = this.rules.filter((other) => other !== rule)
  }
}
