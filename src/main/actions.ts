import { createOptimisticAction } from '@tanstack/db'
import { SidestreamError } from '../shared/errors.ts'
import { has, isRecord } from '../shared/rules.ts'
import type { ActionDefinition } from './options.ts'

/**
 * Makes TanStack DB's optimistic actions from the definitions that the application's `actions` has returned.
 * @throws SidestreamError `INVALID_OPTIONS`
 */
export function actionsOf(definitions: unknown): Record<string, ReturnType<typeof createOptimisticAction>> {
  if (!isRecord(definitions)) throw new SidestreamError('INVALID_OPTIONS', 'actions has to return an object of actions')
  const entries = Object.entries(definitions).map(([name, definition]) => {
    if (!has(definition, 'onMutate', 'mutationFn')) {
      throw new SidestreamError('INVALID_OPTIONS', `actions: ${name} has to have the functions onMutate and mutationFn`)
    }
    const { onMutate, mutationFn } = definition as ActionDefinition
    return [name, createOptimisticAction({ onMutate, mutationFn })] as const
  })
  return Object.fromEntries(entries)
}
