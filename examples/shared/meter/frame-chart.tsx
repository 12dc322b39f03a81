import { useEffect, useRef } from 'react'
import { frames, KEPT_MS, onFrame } from './frames.ts'

const SMOOTH_MS = 20
const STALL_MS = 50
const LEAST_MS = 8
const MOST_MS = 2000
const MARKS_MS = [16.7, 50, 250, 1000]

/** Every other frame is often enough for the eye, and leaves the thread to what is measured. */
const DRAW_EVERY = 2

/** Logarithmic: a frame of 17 ms and one of a second both have to be seen. */
const heightOf = (duration: number) =>
  Math.log(Math.min(Math.max(duration, LEAST_MS), MOST_MS) / LEAST_MS) / Math.log(MOST_MS / LEAST_MS)

function colorsOf(element: Element) {
  const style = getComputedStyle(element)
  const color = (name: string) => style.getPropertyValue(name).trim()
  return {
    good: color('--good'),
    warn: color('--warn'),
    bad: color('--bad'),
    line: color('--line'),
    ink: color('--muted'),
    ground: color('--ground'),
  }
}

function draw(context: CanvasRenderingContext2D, colors: ReturnType<typeof colorsOf>, now: number) {
  const { width, height } = context.canvas
  const scale = devicePixelRatio
  context.clearRect(0, 0, width, height)
  context.font = `${10 * scale}px system-ui`
  for (const { at, duration } of frames) {
    const left = width * (1 - (now - at) / KEPT_MS)
    const right = width * (1 - (now - at - duration) / KEPT_MS)
    const tall = Math.max(height * heightOf(duration), scale)
    context.fillStyle = duration > STALL_MS ? colors.bad : duration > SMOOTH_MS ? colors.warn : colors.good
    context.fillRect(left, height - tall, Math.max(right - left - scale / 2, scale), tall)
  }
  for (const mark of MARKS_MS) {
    const y = Math.round(height * (1 - heightOf(mark)))
    context.fillStyle = colors.line
    context.fillRect(0, y, width, scale)
    context.fillStyle = colors.ground
    context.fillRect(0, y - 14 * scale, 46 * scale, 14 * scale)
    context.fillStyle = colors.ink
    context.fillText(`${mark} ms`, 4 * scale, y - 4 * scale)
  }
}

/** How long each frame of the last seconds was. */
export function FrameChart() {
  const ref = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const canvas = ref.current
    const context = canvas?.getContext('2d')
    if (!canvas || !context) return
    const colors = colorsOf(canvas)
    const fit = new ResizeObserver(() => {
      canvas.width = canvas.clientWidth * devicePixelRatio
      canvas.height = canvas.clientHeight * devicePixelRatio
    })
    fit.observe(canvas)
    let count = 0
    const stop = onFrame((now) => {
      count += 1
      if (count % DRAW_EVERY === 0) draw(context, colors, now)
    })
    return () => {
      stop()
      fit.disconnect()
    }
  }, [])
  return (
    <div className="frame-chart">
      <canvas ref={ref} role="img" aria-label="Length of each frame of the last ten seconds" />
    </div>
  )
}
