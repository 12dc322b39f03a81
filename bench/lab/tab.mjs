import { byThen, within } from './within.mjs'

const LOAD_MS = 30_000

/** A page in a tab of its own. What it says on its console is part of the error when it fails to answer. */
export class Tab {
  #complaints = []

  /** Opens `url`, which resolves when the page has loaded, whatever it does from there. */
  static async open(context, url) {
    const tab = new Tab(await within(LOAD_MS, 'a new tab', context.newPage()), url)
    await tab.#told(tab.page.goto(url, { timeout: LOAD_MS }))
    return tab
  }

  constructor(page, url) {
    this.page = page
    this.url = url
    page.on('console', (message) => message.type() === 'error' && this.#complaints.push(message.text()))
    page.on('pageerror', (error) => this.#complaints.push(String(error.stack ?? error)))
    this.crashed = new Promise((_, reject) => page.on('crash', () => reject(new Error('the page crashed'))))
    // It may crash while nobody is waiting for it; whoever asks next is told.
    this.crashed.catch(() => {})
  }

  /** What `question` resolves to inside the page: a driver that polled would put its own tasks on the measured thread. */
  answer(ms, question, argument) {
    return this.#told(within(ms, 'the page', this.#ask(question, argument)))
  }

  /** The same, but undefined when there is no answer after `ms`. */
  answerBy(ms, question, argument) {
    return this.#told(byThen(ms, this.#ask(question, argument)))
  }

  close() {
    return this.page.close()
  }

  #ask(question, argument) {
    return Promise.race([this.page.evaluate(question, argument), this.crashed])
  }

  async #told(promise) {
    try {
      return await promise
    } catch (error) {
      const console = this.#complaints.join('\n    ') || 'silent'
      throw new Error(`${error.message}\n  page: ${this.url}\n  console: ${console}`, { cause: error })
    }
  }
}
