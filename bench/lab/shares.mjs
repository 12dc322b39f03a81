/** The shares of a span (`Trace.busyMs`) that the threads were busy. */
export const sharesOf = ({ span, ui, worker }) => ({
  uiBusyShare: ui.wall / span,
  uiCpuShare: ui.cpu / span,
  workerBusyShare: worker && worker.wall / span,
  workerCpuShare: worker && worker.cpu / span,
})
