/** The first 50 by points as a live query of TanStack DB, whichever version's `createLiveQueryCollection` it is. */
export function liveTop(createLiveQueryCollection, collection, order, told) {
  const query = createLiveQueryCollection({
    query: (q) =>
      q
        .from({ row: collection })
        .orderBy(({ row }) => row.points, order)
        .limit(50),
    startSync: true,
    gcTime: 0,
  })
  const tell = () => told(query.toArray)
  const subscription = query.subscribeChanges(tell)
  tell()
  return () => subscription.unsubscribe()
}
