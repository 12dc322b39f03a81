export { isEventTooDeep, isTooDeep, MOST_VALUE_LEVELS } from '../../shared/depth.ts'
