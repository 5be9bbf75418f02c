/**
 * Runs at most `limit` at once, and at most `perKey` of those with one key; the answers keep the order of the items.
 * An item whose key is full lets those behind it go first.
 */
export function runLimited<Item, Answer>(
  items: readonly Item[],
  bounds: { readonly limit: number; readonly perKey: number; readonly keyOf: (item: Item) => string },
  run: (item: Item) => Promise<Answer> | Answer,
): Promise<Answer[]> {
  const { limit, perKey, keyOf } = bounds;
  return new Promise((resolve, reject) => {
    const answers: Answer[] = [];
    const waiting = items.map((item, index) => ({ item, index, key: keyOf(item) }));
    const underWay = new Map<string, number>();
    let running = 0;
    const startNext = (): void => {
      if (waiting.length === 0 && running === 0) resolve(answers);
      while (running < limit) {
        const at = waiting.findIndex(({ key }) => (underWay.get(key) ?? 0) < perKey);
        const [next] = at === -1 ? [] : waiting.splice(at, 1);
        if (next === undefined) return;
        const { item, index, key } = next;
        running++;
        underWay.set(key, (underWay.get(key) ?? 0) + 1);
        // An item that cannot be run at all fails all, as it would in a loop.
        void Promise.resolve()
          .then(() => run(item))
          .then((answer) => {
            answers[index] = answer;
            running--;
            underWay.set(key, (underWay.get(key) ?? 1) - 1);
            startNext();
          })
          .catch(reject);
      }
    };
    startNext();
  });
}
