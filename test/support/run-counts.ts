import type { TestModule, TestRunEndReason } from 'vitest/node'

export interface RunCounts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export function closingLine({ passed, failed, skipped }: RunCounts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/** Counts tests, and every way in which a run can fail without a failed test. */
export function countRun(modules: readonly TestModule[], unhandled: number, reason: TestRunEndReason): RunCounts {
  let passed = 0
  let failed = unhandled
  let skipped = 0
  for (const module of modules) {
    const failedBefore = failed
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') passed += 1
      else if (state === 'skipped') skipped += 1
      // A test still pending at the end never ran, because its browser or worker went away.
      else failed += 1
    }
    // A file that does not load, or a hook that throws, has no failed test to show for it.
    if (!module.ok() && failed === failedBefore) failed += 1
  }
  if (reason !== 'passed' && failed === 0) failed = 1
  return { passed, failed, skipped }
}
