import type { Item } from '../support/answer.ts';

/**
 * What a tail has shown. The bus lists attempts by when their batch was over, and one may appear a moment late: so the
 * last seconds are asked for again and again, and what was there before is left out.
 */
export interface Followed {
  /** The latest end of an attempt that was seen, epoch milliseconds; undefined before the first. */
  readonly endMs: number | undefined;
  /** Everything that the last answer had: what the next one has again is in here. */
  readonly seen: ReadonlySet<string>;
}

/** A write takes a second at most; the rest is for the clocks of instances. */
const overlapSeconds = 15;

export const nothingSeen: Followed = { endMs: undefined, seen: new Set() };

/** From when on the next answer is asked for; undefined for whatever is the newest. */
export const sinceOf = ({ endMs }: Followed): string | undefined =>
  endMs === undefined ? undefined : new Date(endMs - overlapSeconds * 1000).toISOString();

/**
 * What of an answer is new, the oldest first.
 * @param attempts everything from `sinceOf` on, the newest first.
 */
export function follow(
  { endMs, seen }: Followed,
  attempts: readonly Item[],
): { readonly fresh: readonly Item[]; readonly followed: Followed } {
  const fresh: Item[] = [];
  const now = new Set<string>();
  let newestMs = endMs;
  for (const attempt of attempts) {
    const key = JSON.stringify([attempt.deliveryId, attempt.attempt, attempt.at]);
    if (!seen.has(key) && !now.has(key)) fresh.push(attempt);
    now.add(key);
    const end = endOf(attempt);
    if (!Number.isNaN(end)) newestMs = Math.max(newestMs ?? end, end);
  }
  return { fresh: fresh.reverse(), followed: { endMs: newestMs, seen: now } };
}

/** When an attempt was over, epoch milliseconds; NaN when it does not say. */
export const endOf = ({ at, latencyMs }: Item): number => Date.parse(String(at)) + Number(latencyMs ?? 0);
