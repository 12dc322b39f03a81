import { formatCount } from './format.ts'

interface CountChoiceProps {
  /** What is chosen. */
  legend: string
  name: string
  counts: readonly number[]
  /** Undefined while it is not known. */
  chosen: number | undefined
  onChoose: (count: number) => void
}

const short = (count: number) => (count === 0 ? 'Off' : count >= 1e6 ? `${count / 1e6}M` : `${count / 1000}k`)

/** One of some counts; 0 is off. */
export function CountChoice({ legend, name, counts, chosen, onChoose }: CountChoiceProps) {
  return (
    <fieldset className="segments segments-large" disabled={chosen === undefined}>
      <legend className="visually-hidden">{legend}</legend>
      {counts.map((count) => (
        <label key={count}>
          <input
            type="radio"
            name={name}
            aria-label={count === 0 ? 'Off' : formatCount(count)}
            checked={count === chosen}
            onChange={() => onChoose(count)}
          />
          <span aria-hidden="true">{short(count)}</span>
        </label>
      ))}
    </fieldset>
  )
}
