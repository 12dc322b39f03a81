import { SidestreamError } from '../shared/errors.ts'
import { flag, isRecord, wrongOf, type Rules } from '../shared/rules.ts'

/** Options of `db.clearCache` and of `deleteCaches`. */
export interface ClearOptions {
  /** Also removes the writes that are not in the stream. Default false: the call fails while there are such writes. */
  readonly discardWrites?: boolean
}

const OPTIONS: Rules<ClearOptions> = { discardWrites: flag }

/** @throws SidestreamError `INVALID_ARGUMENT` */
export function clearSettings(options: ClearOptions, call: string): Required<ClearOptions> {
  const wrong = isRecord(options) ? wrongOf(options, OPTIONS, '') : 'the options are no object'
  if (wrong !== null) throw new SidestreamError('INVALID_ARGUMENT', `${call}: ${wrong}`)
  return { discardWrites: options.discardWrites ?? false }
}
