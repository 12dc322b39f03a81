import { writeSync } from 'node:fs'
import type { Reporter, TestModule, TestRunEndReason, Vitest } from 'vitest/node'
import { closingLine, countRun, type RunCounts } from './run-counts.ts'

/** Prints `N passed, N failed[, N skipped]` as the run's last line, for machines to read. */
export default class CiReporter implements Reporter {
  private watching = false
  private counts: RunCounts = { passed: 0, failed: 0, skipped: 0 }

  onInit(vitest: Vitest): void {
    this.watching = vitest.config.watch
    if (this.watching) return
    // At exit, since closing browsers and servers may still print; and a run that dies early gets its line too.
    process.once('exit', (code) => {
      const { counts } = this
      const failed = code !== 0 && counts.failed === 0 ? 1 : counts.failed
      writeSync(1, `\n${closingLine({ ...counts, failed })}\n`)
    })
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[], reason: TestRunEndReason): void {
    this.counts = countRun(modules, errors.length, reason)
    if (this.watching) console.log(`\n${closingLine(this.counts)}`)
  }
}
