/** How many calls a command has under way where it needs one for each item. */
const callsMax = 8;

/** Does something for each item, a few at once, and resolves to the results in the order of the items. */
export async function eachAtOnce<Item, Result>(
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  const left = items.entries();
  const worker = async () => {
    for (const [at, item] of left) results[at] = await act(item);
  };
  await Promise.all(Array.from({ length: Math.min(callsMax, items.length) }, worker));
  return results;
}
