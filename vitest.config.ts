import { fileURLToPath } from 'node:url'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { chromiumArgs, chromiumExecutable } from './test/support/chromium.ts'
import { pinnedBy, pinnedVersions, shortVersion } from './test/support/pinned-db.ts'
import { prebundled, sourceAliases } from './test/support/source-entries.ts'
import { TestOrder } from './test/support/test-order.ts'
import { usePinnedDb } from './test/support/use-pinned-db.ts'

export default defineConfig(async (): Promise<ViteUserConfig> => {
  // Without a browser the Node tests still run, and the browser tests fail one by one.
  const executablePath = await chromiumExecutable().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    return undefined
  })

  return {
    resolve: { alias: sourceAliases },
    optimizeDeps: { include: prebundled },
    test: {
      reporters: ['default', './test/support/ci-reporter.ts'],
      // One more than CI has processors: some files wait more than they compute.
      maxWorkers: 3,
      sequence: { sequencer: TestOrder },
      // Far more than any takes, on a machine that does much else too.
      testTimeout: 20_000,
      // The default, one second, is what a busy machine takes for a click.
      expect: { poll: { timeout: 15_000 } },
      projects: [
        {
          extends: true,
          test: {
            name: 'node',
            environment: 'node',
            // To load the modules anew took a processor half a second a file. A file that changes globals, or counts on modules that nothing
            // has used, has `@vitest-environment-options` of its own in its first line, and so a process of its own.
            isolate: false,
            setupFiles: ['./test/support/load-parts.ts'],
            include: [
              'test/unit/**/*.test.ts',
              'test/parity/**/*.test.ts',
              'test/property/**/*.test.ts',
              'test/contract/**/*.node.test.ts',
              'test/simulation/**/*.test.ts',
            ],
            exclude: ['**/*.browser.test.ts'],
          },
        },
        // What the tab's side does with TanStack DB, against each version that an adapter has pinned. React's is the project's own, which
        // all tests run with. What is in src/worker keeps the version that it is published with, and is not tested again.
        ...pinnedVersions()
          .filter(({ version }) => version !== pinnedBy('react').version)
          .map((pinned) => ({
            extends: true as const,
            plugins: [usePinnedDb(pinned)],
            test: {
              name: `node-db-${shortVersion(pinned)}`,
              environment: 'node',
              isolate: false,
              setupFiles: ['./test/support/load-parts.ts'],
              env: { SIDESTREAM_TANSTACK_DB: shortVersion(pinned), SIDESTREAM_SEEDS: process.env['SIDESTREAM_SEEDS'] ?? '25', SIDESTREAM_RUNS: process.env['SIDESTREAM_RUNS'] ?? '10' },
              include: [
                'test/unit/{actions,after-the-last-worker,cleanup,close-within-a-batch,collection-sink,held-subsets,in-page,late-collection,mutations,on-demand,on-error,options,preload,replica,restart,signed-out,testing,throwing-subscriber,transform,worker-queries,write-through,writing}.test.ts',
                'test/property/{one-event,subsets}.test.ts',
              ],
            },
          })),
        {
          extends: true,
          test: {
            name: 'types',
            include: [],
            typecheck: {
              enabled: true,
              only: true,
              include: ['test/types/**/*.test-d.ts'],
              // Six times as fast as the compiler that the project is built with (docs/decisions/0030).
              checker: fileURLToPath(new URL('node_modules/typescript-7/bin/tsc', import.meta.url)),
              tsconfig: './test/tsconfig.json',
              // Errors elsewhere fail the run too: so CI checks this program once.
              ignoreSourceErrors: false,
            },
          },
        },
        {
          extends: true,
          test: {
            name: 'browser',
            include: ['test/**/*.browser.test.ts'],
            browser: {
              enabled: true,
              headless: true,
              screenshotFailures: false,
              api: { host: '127.0.0.1', port: 0 },
              provider: playwright({
                launchOptions: { args: [...chromiumArgs], ...(executablePath === undefined ? {} : { executablePath }) },
              }),
              instances: [{ browser: 'chromium' }],
            },
          },
        },
        {
          extends: true,
          test: {
            name: 'browser-host',
            environment: 'node',
            include: ['test/browser/**/*.host.test.ts'],
            globalSetup: ['./test/support/build-pages.ts'],
            // These wait, for browsers and for the engine's pauses, more than they compute: five at a time, each with a browser of its own.
            maxWorkers: 5,
            // Nothing of a file stays behind but loaded modules; to load Playwright for each anew takes a processor two seconds.
            isolate: false,
            sequence: { groupOrder: 1 },
            testTimeout: 60_000,
            hookTimeout: 60_000,
            retry: 0,
          },
        },
      ],
    },
  }
})
