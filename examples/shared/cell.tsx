export type Tone = 'good' | 'warn' | 'bad' | 'calm' | 'plain'

interface CellProps {
  label: string
  value: string
  tone?: Tone
  title?: string | undefined
  /** Lights up when it appears. */
  isNews?: boolean
}

export function Cell({ label, value, tone = 'plain', title, isNews = false }: CellProps) {
  return (
    <div className={`cell ${tone}`} {...(title === undefined ? {} : { title })}>
      <dt>{label}</dt>
      <dd>{isNews ? <span className="lit">{value}</span> : value}</dd>
    </div>
  )
}
