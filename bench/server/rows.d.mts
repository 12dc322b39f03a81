import type { Row } from '../pages/visit.ts'

export function rowAt(index: number): Row
