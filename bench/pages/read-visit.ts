/** What the driver asks of this page: the `visit` in its address. */
export function readVisit<Asked>(): Asked {
  return JSON.parse(new URLSearchParams(location.search).get('visit') ?? 'null') as Asked
}
