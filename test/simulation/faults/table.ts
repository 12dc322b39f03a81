import type { FaultCase } from './cases.ts'
import type { Measured, Moment } from './measure.ts'

const HEADERS: Record<Moment, ReadonlyArray<string>> = {
  'with-rows': ['what the server or the network does', '`status.connection`', 'rows', 'requests in the first minute', 'per minute afterwards'],
  'first-visit': ['what the server or the network does', '`status.connection`', '`preload()`', 'requests in the first minute', 'per minute afterwards'],
}

/** The table as the documentation has it. */
export function tableOf(moment: Moment, cases: ReadonlyArray<FaultCase>, measured: ReadonlyArray<Measured>): string {
  const lines = cases.map(({ title }, index) => {
    const { connections, droppedAfterS, preload, requestsOfFirstMinute, requestsPerMinuteLater } = measured[index]!
    const rows = droppedAfterS === null ? 'stay' : `dropped after ${String(droppedAfterS)} s`
    return [title, connections, moment === 'with-rows' ? rows : preload, String(requestsOfFirstMinute), String(Math.round(requestsPerMinuteLater * 10) / 10)]
  })
  const header = HEADERS[moment]
  return [header, header.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** Numbers that differ by no more than this are the same, or by a fifth: the pauses between requests have jitter. */
const TOLERANCE = 4

/** @returns what is in one table and not in the other, but for numbers that are near to each other */
export function differences(documented: string, measured: string): string[] {
  const [old, now] = [documented, measured].map((table) => table.trim().split('\n')) as [string[], string[]]
  if (old.length !== now.length) return [`${String(old.length)} lines are documented, and ${String(now.length)} measured`]
  return now.flatMap((line, index) => (isNear(old[index]!, line) ? [] : [`documented ${old[index]!}`, `measured   ${line}`]))
}

function isNear(a: string, b: string): boolean {
  const [textOfA, textOfB] = [a, b].map((line) => line.replaceAll(NUMBER, '#'))
  const [numbersOfA, numbersOfB] = [a, b].map((line) => [...line.matchAll(NUMBER)].map(([number]) => Number(number))) as [number[], number[]]
  return textOfA === textOfB && numbersOfA.every((number, index) => Math.abs(number - numbersOfB[index]!) <= Math.max(TOLERANCE, number / 5))
}

const NUMBER = /\d+(?:\.\d+)?/g

const marks = (moment: Moment): [begin: string, end: string] => [`<!-- measured: ${moment} -->`, `<!-- end: ${moment} -->`]

/** @returns the table between its marks */
export function tableIn(page: string, moment: Moment): string {
  const [begin, end] = marks(moment)
  return page.slice(page.indexOf(begin) + begin.length, page.indexOf(end)).trim()
}

export function withTable(page: string, moment: Moment, table: string): string {
  const [begin, end] = marks(moment)
  return `${page.slice(0, page.indexOf(begin) + begin.length)}\n${table}\n${page.slice(page.indexOf(end))}`
}
