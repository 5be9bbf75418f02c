/**
 * Latencies in buckets that grow by a constant factor (DDSketch, https://arxiv.org/abs/1908.10693): any quantile is
 * within `relativeError` of a value of that rank. A bucket is a counter, so sketches merge by adding, in DynamoDB too.
 */
export const relativeError = 0.05;

const growth = (1 + relativeError) / (1 - relativeError);
const logGrowth = Math.log(growth);
/** No function runs for longer: 15 min. Whatever is above counts as that. */
const latencyMaxMs = 900_000;

/** The number of the bucket of a latency in milliseconds: 0 for up to 1 ms, 137 at most. */
export function bucketOf(latencyMs: number): number {
  const bounded = Math.min(latencyMaxMs, Math.max(1, latencyMs));
  return Math.max(0, Math.ceil(Math.log(bounded) / logGrowth - 1e-9));
}

/** The latency that stands for a bucket, in milliseconds: the middle of its bounds by ratio. */
export const latencyOf = (bucket: number): number =>
  bucket === 0 ? 1 : (2 * growth ** bucket) / (growth + 1);

/** How many latencies fell into each bucket. */
export type Sketch = ReadonlyMap<number, number>;

/**
 * @param part such as 0.99, for the latency that 99 % do not exceed.
 * @returns milliseconds to a tenth; null when nothing was measured.
 */
export function quantileOf(sketch: Sketch, part: number): number | null {
  const buckets = [...sketch].filter(([, count]) => count > 0).sort(([one], [other]) => one - other);
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return null;
  const rank = part * (total - 1);
  let seen = 0;
  for (const [bucket, count] of buckets) {
    seen += count;
    if (seen > rank) return Math.round(latencyOf(bucket) * 10) / 10;
  }
  return null;
}
