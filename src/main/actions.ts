import { createOptimisticAction } from '@tanstack/db'
import { SidestreamError } from '../shared/errors.ts'
import { has, isRecord } from '../shared/rules.ts'
import type { ActionDefinition } from './options.ts'
import type { StreamMutationFn } from './write-calls.ts'

/**
 * Makes TanStack DB's optimistic actions from the definitions that the application's `actions` has returned.
 * @param written the mutation function of an action without its own
 * @throws SidestreamError `INVALID_OPTIONS`
 */
export function actionsOf(definitions: unknown, written: StreamMutationFn): Record<string, ReturnType<typeof createOptimisticAction>> {
  if (!isRecord(definitions)) throw new SidestreamError('INVALID_OPTIONS', 'actions has to return an object of actions')
  const entries = Object.entries(definitions).map(([name, definition]) => {
    if (!has(definition, 'onMutate') || !isCallable((definition as Partial<ActionDefinition>).mutationFn)) {
      throw new SidestreamError('INVALID_OPTIONS', `actions: ${name} has to have a function onMutate, and may have a function mutationFn`)
    }
    const { onMutate, mutationFn = written } = definition as ActionDefinition
    return [name, createOptimisticAction({ onMutate, mutationFn })] as const
  })
  return Object.fromEntries(entries)
}

const isCallable = (given: unknown): boolean => given === undefined || typeof given === 'function'
