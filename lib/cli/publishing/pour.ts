/** The size of a batch, and how many batches are sent at the same time. */
interface PourLimits {
  readonly count: number;
  readonly bytes: number;
  readonly concurrency: number;
}

/**
 * Collects items in batches and sends each batch when it is full or the input pauses. While `concurrency` batches
 * are being sent it reads no further, so that at most one chunk is read ahead (backpressure). Stops reading when
 * `stop` is aborted or `send` rejects. Resolves to the items read and not sent, or rejects with the first error of
 * `send`, once all sends have ended.
 */
export async function pour<Item>(
  chunks: AsyncIterable<readonly Item[]>,
  options: {
    readonly limits: PourLimits;
    readonly bytesOf: (item: Item) => number;
    readonly send: (batch: readonly Item[]) => Promise<void>;
    readonly stop: AbortSignal;
  },
): Promise<readonly Item[]> {
  const { limits, bytesOf, send, stop } = options;
  const underWay = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let batch: Item[] = [];
  let bytes = 0;

  const ended = () => stop.aborted || failures.length > 0;

  async function flush(): Promise<void> {
    while (underWay.size >= limits.concurrency) await Promise.race(underWay);
    if (batch.length === 0 || ended()) return;
    const request = send(batch)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => underWay.delete(request));
    underWay.add(request);
    batch = [];
    bytes = 0;
  }

  for await (const chunk of chunks) {
    for (const item of chunk) {
      const more = bytesOf(item);
      if (batch.length >= limits.count || (batch.length > 0 && bytes + more > limits.bytes)) await flush();
      batch.push(item);
      bytes += more;
    }
    await flush();
    if (ended()) break;
  }
  await Promise.all(underWay);
  if (failures.length > 0) throw failures[0];
  return batch;
}
