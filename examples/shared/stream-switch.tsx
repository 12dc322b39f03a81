interface StreamSwitchProps {
  open: boolean
  /** Nobody can be asked to turn it. */
  disabled: boolean
  onChange: (open: boolean) => void
}

/** Lets the server answer for the stream, or break all connections to it. */
export function StreamSwitch({ open, disabled, onChange }: StreamSwitchProps) {
  return (
    <button type="button" role="switch" className="switch" aria-checked={open} disabled={disabled} onClick={() => onChange(!open)}>
      <span className="switch-track" aria-hidden="true" />
      <span>
        Stream <span aria-hidden="true">{open ? 'on' : 'off'}</span>
      </span>
    </button>
  )
}
