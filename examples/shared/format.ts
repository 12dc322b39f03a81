const integer = new Intl.NumberFormat('en-US')

export const formatCount = (value: number) => integer.format(value)
export const formatMilliseconds = (value: number) => `${formatCount(Math.round(value))} ms`
/** In seconds when there are many. */
export const formatDuration = (milliseconds: number) =>
  milliseconds < 10_000 ? formatMilliseconds(milliseconds) : `${(milliseconds / 1000).toFixed(1)} s`

/** A change with its sign: `+66`, `−5`, `0`. */
export const formatChange = (value: number) =>
  value > 0 ? `+${integer.format(value)}` : integer.format(value).replace('-', '−')
