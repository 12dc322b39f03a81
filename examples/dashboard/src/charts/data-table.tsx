/** What a chart shows, for those who cannot see it. */
export function DataTable({ caption, rows }: { caption: string; rows: ReadonlyArray<readonly [label: string, text: string]> }) {
  return (
    <div className="visually-hidden">
      <table>
        <caption>{caption}</caption>
        <tbody>
          {rows.map(([label, text]) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
