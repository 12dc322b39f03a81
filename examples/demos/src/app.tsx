import { BoardNav } from '../../shared/board-nav.tsx'
import { type Board, BOARDS, hrefOf, isHere, isStatic } from '../../shared/boards.ts'

function Demo({ board }: { board: Board }) {
  const { path, name, shows, tries } = board
  return (
    <li className="card demo">
      <h2>{isHere(board) ? <a href={hrefOf(path)}>{name}</a> : name}</h2>
      <p>{shows}</p>
      <p className="try">
        <b>Try:</b> {tries}
      </p>
      {!isHere(board) && (
        <p className="muted">
          Needs a server: <code>npm run demo</code> in the project’s repository.
        </p>
      )}
    </li>
  )
}

/** Those that can be opened first. */
const shown = BOARDS.toSorted((a, b) => Number(isHere(b)) - Number(isHere(a)))

export function App() {
  return (
    <main className="page">
      <header className="masthead">
        <div className="masthead-title">
          <h1>sidestream</h1>
          <BoardNav />
        </div>
        <p>
          A worker reads a durable stream, stores it and answers queries for all tabs; a tab gets the rows that it shows.
          {isStatic && ' Here the stream’s server is in your browser too, a service worker: nothing is sent anywhere.'}
        </p>
      </header>
      <ul className="demos">
        {shown.map((board) => (
          <Demo key={board.path} board={board} />
        ))}
      </ul>
    </main>
  )
}
