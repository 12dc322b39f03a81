import type { Page } from 'playwright'
import { expect } from 'vitest'

/** Change events of the stream that the pages of `test/browser/pages/adapters` read. */
export const user = (id: string, name: string): unknown => ({ type: 'user', key: id, value: { id, name }, headers: { operation: 'upsert' } })
export const place = (id: string, size: number): unknown => ({ type: 'place', key: id, value: { id, size }, headers: { operation: 'upsert' } })
export const gone = (type: string, key: string): unknown => ({ type, key, headers: { operation: 'delete' } })

/** What the stream holds at first: two users, and a hundred places of the sizes 0 to 99. */
export const seeded = (): unknown[] => [user('u1', 'Ada'), user('u2', 'Bob'), ...Array.from({ length: 100 }, (_, size) => place(`p${String(size)}`, size))]

/** Waits until a list of the page shows these lines. */
export async function shows(page: Page, list: 'users' | 'places' | 'largest', lines: string[]): Promise<void> {
  await expect.poll(() => page.locator(`#${list} li`).allTextContents(), { timeout: 20_000, interval: 20 }).toEqual(lines)
}

/** Waits until the page shows this state of the connection. */
export async function showsConnection(page: Page, connection: string): Promise<void> {
  await expect.poll(() => page.locator('p').textContent(), { timeout: 20_000, interval: 20 }).toBe(connection)
}
