import type { Browser, BrowserContext, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { launchChromium } from './chromium.ts'
import { startDemo, type Demo } from './demo.ts'

export interface DemoPage {
  /** Of the demo. */
  readonly url: string
  /** Of the present test. */
  readonly context: BrowserContext
  /** Opens the page in a new tab of the present test. */
  open(query?: string): Promise<Page>
}

/**
 * Starts a demo for the tests of a file; each test has a browser context of its own. Errors of a page fail the test.
 * @param path of the page that is tested
 * @param isQuiet what a page writes to the console as an error or a warning fails the test too
 * @param args of the demo
 */
export function useDemo(path: string, isQuiet: boolean, ...args: string[]): DemoPage {
  let demo: Demo
  let browser: Browser
  let context: BrowserContext
  let problems: string[]

  beforeAll(async () => {
    demo = await startDemo(...args)
    browser = await launchChromium()
  })

  afterAll(async () => {
    await browser?.close()
    await demo?.close()
  })

  beforeEach(async () => {
    problems = []
    context = await browser.newContext()
    context.on('weberror', (problem) => problems.push(String(problem.error())))
    context.on('console', (message) => {
      if (isQuiet && (message.type() === 'error' || message.type() === 'warning')) problems.push(message.text())
    })
  })

  afterEach(async () => {
    await context.close()
    expect(problems).toEqual([])
  })

  return {
    get url() {
      return demo.url
    },
    get context() {
      return context
    },
    open: async (query = '') => {
      const tab = await context.newPage()
      await tab.goto(demo.url + path + query)
      return tab
    },
  }
}

/** Stops the changes of a board. Its log stays as it is. */
export async function stopChanges({ url }: Pick<DemoPage, 'url'>, board: 'cities' | 'dashboard'): Promise<void> {
  const answer = await fetch(`${url}demo/${board}/rate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ rate: 0 }),
  })
  if (!answer.ok) throw new Error(`the ${board} board went on: ${answer.status}`)
}
