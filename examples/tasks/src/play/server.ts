/** Tells the demo's server to refuse a write when it arrives, once. */
export async function refuse(id: string): Promise<void> {
  const response = await fetch('/demo/tasks/refuse', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id }),
  })
  if (!response.ok) throw new Error(`refuse: ${response.status}`)
}
