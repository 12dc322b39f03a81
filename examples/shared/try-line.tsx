import { BOARDS } from './boards.ts'

/** What there is to try on a board. */
export function TryLine({ board }: { board: string }) {
  return (
    <p className="try">
      <b>Try:</b> {BOARDS.find(({ name }) => name === board)?.tries}
    </p>
  )
}
