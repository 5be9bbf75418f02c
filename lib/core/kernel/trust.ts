/** How long an instance trusts what it has read of the registry, in seconds. */
export interface TrustBounds {
  readonly minSeconds: number;
  readonly maxSeconds: number;
}

/**
 * How long what was read is trusted: a two-hundredth of the time for which it has stood. What is new is likely to be
 * changed again by somebody who looks; what has stood for long is read seldom, since every instance of a busy bus reads the
 * very same rows, and DynamoDB serves 3,000 consistent reads of a row a second (decision 134).
 * @param stoodSinceMs the latest change, epoch milliseconds.
 */
export function trustSeconds(stoodSinceMs: number, nowMs: number, bounds: TrustBounds): number {
  const { minSeconds, maxSeconds } = bounds;
  return Math.min(maxSeconds, Math.max(minSeconds, (nowMs - stoodSinceMs) / 1000 / 200));
}

/** What is read is trusted for a random part of that time, so that instances that began together do not go on reading together. */
const trustPartMin = 0.75;

/** @param random in [0, 1). */
export const trustPartOf = (random: number): number => 1 - (1 - trustPartMin) * random;
