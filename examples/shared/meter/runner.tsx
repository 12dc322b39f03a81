import { useEffect, useRef } from 'react'
import { onFrame } from './frames.ts'

const ROUND_MS = 1800

/** A dot that runs to and fro, moved by script: it stands still for as long as the UI thread can't answer. */
export function Runner() {
  const ref = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return
    return onFrame((now) => {
      const share = 0.5 - Math.cos((now / ROUND_MS) * 2 * Math.PI) / 2
      if (ref.current) ref.current.style.translate = `${share * 100}%`
    })
  }, [])
  return (
    <div className="runner" aria-hidden="true">
      <div ref={ref} />
    </div>
  )
}
