import { expect, test } from 'vitest'
import { StatusBoard } from '../../src/worker/engine/status-board.ts'
import { ManualClock } from '../contract/manual-clock.ts'

function open() {
  const clock = new ManualClock()
  const told: Array<{ at: number; rows: number }> = []
  const start = clock.now()
  const board = new StatusBoard({
    epoch: 'e',
    clock,
    onTell: () => {
      told.push({ at: clock.now() - start, rows: board.now.rows })
    },
  })
  return { clock, board, told }
}

test('changes are gathered for a moment', () => {
  const { clock, board, told } = open()
  board.set({ rows: 1 })
  board.set({ rows: 2, tabs: 1 })
  clock.advance(29)
  expect(told).toEqual([])
  clock.advance(1)
  expect(told).toEqual([{ at: 30, rows: 2 }])
})

test('numbers that change all the time are told four times a second, and along with anything else', () => {
  const { clock, board, told } = open()
  for (let ms = 0; ms < 1000; ms += 10) {
    board.set({ offset: String(ms), rows: ms, ready: false })
    clock.advance(10)
  }
  expect(told.map(({ at }) => at)).toEqual([30, 280, 530, 780])
  board.set({ rows: 1000, pending: 1 })
  clock.advance(30)
  expect(told.at(-1)).toEqual({ at: 1030, rows: 1000 })
  board.set({ rows: 1001 })
  clock.advance(249)
  expect(told.at(-1)!.rows).toBe(1000)
  clock.advance(1)
  expect(told.at(-1)).toEqual({ at: 1280, rows: 1001 })
})

test('nothing is told after the end', () => {
  const { clock, board, told } = open()
  board.set({ rows: 1 })
  board.close()
  clock.advance(1000)
  expect(told).toEqual([])
})

test('what is to be told while rows are sent is told after them, once', () => {
  const { board, told } = open()
  const order: string[] = []
  board.tellAfter(() => {
    board.set({ rows: 1 })
    board.tell()
    board.set({ rows: 2 })
    board.tell()
    order.push(`rows, told ${String(told.length)} times`)
  })
  expect([order, told]).toEqual([['rows, told 0 times'], [{ at: 0, rows: 2 }]])
  board.tellAfter(() => undefined)
  expect(told).toHaveLength(1)
  expect(() => { board.tellAfter(() => { board.tell(); throw new Error('older') }) }).toThrow('older')
  board.tell()
  expect(told).toHaveLength(3)
})
