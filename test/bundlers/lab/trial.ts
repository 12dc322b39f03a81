import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright'
import type { StreamServer } from '../../support/stream-server.ts'
import { freePort } from '../../support/free-port.ts'
import { makeApplication, type Application } from './application.ts'
import { checkVisits, TOPOLOGIES, WORKERS, type Topology } from './check.ts'
import type { Guide, Section } from './guide.ts'
import type { Home } from './home.ts'
import { runCommand, startServer, type Running } from './run-command.ts'
import { serveFolder } from './serve-folder.ts'
import type { ModeName, Outcome, Row } from './table.ts'

export interface TrialOptions {
  readonly root: string
  readonly home: Home
  readonly guide: Guide
  readonly tarball: string
  readonly browser: Browser
  readonly server: StreamServer
  readonly productionOnly: boolean
  /** Leaves the application's folder where it is. */
  readonly keep: boolean
  readonly say: (line: string) => void
}

const NO_SECTION: Section = { files: new Map(), commands: [] }

/** One row of the table: a home's application is made, served in each mode, and visited with each worker. */
export class Trial {
  passed = 0
  failed = 0
  readonly #options: TrialOptions

  constructor(options: TrialOptions) {
    this.#options = options
  }

  async run(): Promise<Row> {
    const { root, home, guide, tarball, keep, say } = this.#options
    const begin = performance.now()
    let application: Application | undefined
    try {
      application = await makeApplication(root, home, guide, tarball)
      say(`${home.title}: installed after ${seconds(begin)}${keep ? ` in ${application.folder}` : ''}`)
    } catch (error) {
      this.#fail(`${home.title}: ${String(error)}`)
    }
    const production = await this.#mode('production', application)
    const development = await this.#mode('development', application)
    if (application && !keep) await rm(application.folder, { recursive: true, force: true, maxRetries: 5 })
    say(`${home.title}: done after ${seconds(begin)}`)
    return { title: home.title, section: home.section, word: home.word ?? 'step', outcomes: { production, development } }
  }

  async #mode(mode: ModeName, application: Application | undefined): Promise<Record<Topology, Outcome>> {
    const { home, productionOnly } = this.#options
    const wanted = home[mode]
    if (wanted === null || (productionOnly && mode === 'development')) return { shared: 'none', dedicated: 'none' }
    const topologies = home.topologies ?? TOPOLOGIES
    const outcomes: Record<Topology, Outcome> = { shared: 'none', dedicated: 'none' }
    for (const topology of topologies) outcomes[topology] = 'failed'
    if (application === undefined) return outcomes
    let running: Running
    try {
      running = await this.#serve(mode, application)
    } catch (error) {
      this.#fail(`${home.title}, ${mode}: ${String(error)}`)
      return outcomes
    }
    try {
      for (const topology of topologies) {
        let holds = true
        for (const worker of WORKERS) {
          const context = await this.#options.browser.newContext()
          try {
            await (home.check ?? checkVisits)({ context, server: this.#options.server, url: `${running.url}/`, worker, topology })
            this.passed += 1
          } catch (error) {
            holds = false
            this.#fail(`${home.title}, ${mode}, ${topology}, ${worker} worker: ${error instanceof Error ? error.message : String(error)}`)
          } finally {
            await context.close()
          }
        }
        if (holds) outcomes[topology] = wanted.step ? 'step' : 'passed'
      }
    } finally {
      await running.stop()
    }
    return outcomes
  }

  async #serve(mode: ModeName, { folder, section }: Application): Promise<Running> {
    const { home, server } = this.#options
    const [port, otherPort] = [await freePort(), await freePort()]
    const withPort = (command: string): string => command.replaceAll('PORT', String(port)).replaceAll('https://cdn.example', `http://127.0.0.1:${String(otherPort)}`)
    if (mode === 'development') return startServer(folder, withPort(home.development!.command.replace(/^guide\b/, section?.commands.at(-1) ?? '')), port)
    const { build, serve } = home.production!
    for (const command of build === 'guide' ? (section?.commands ?? []) : build === null ? [] : [build]) await runCommand(folder, withPort(command))
    if (typeof serve === 'function') return serve({ folder, section: section ?? NO_SECTION, streams: server.url, otherPort })
    return 'folder' in serve ? serveFolder(join(folder, serve.folder)) : startServer(folder, withPort(serve.command), port)
  }

  #fail(line: string): void {
    this.failed += 1
    this.#options.say(`FAILED ${line}`)
  }
}

const seconds = (begin: number): string => `${((performance.now() - begin) / 1000).toFixed(1)} s`
