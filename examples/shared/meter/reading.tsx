import type { ReactNode } from 'react'

interface ReadingProps {
  label: string
  value: string
  note: ReactNode
  tone?: 'good' | 'warn' | 'bad'
}

export function Reading({ label, value, note, tone }: ReadingProps) {
  return (
    <div className={`reading ${tone ?? ''}`}>
      <dt>{label}</dt>
      <dd>{value}</dd>
      <dd className="reading-note">{note}</dd>
    </div>
  )
}

/** 50 ms is where a task counts as long; a tenth of a second is what people notice. */
export const toneOf = (milliseconds: number) => (milliseconds < 50 ? 'good' : milliseconds < 150 ? 'warn' : 'bad')
