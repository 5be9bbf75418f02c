import { keptResponseCharacters, retriesMax } from './limits.ts';
import type { Outcome } from './outcome.ts';

/** One attempt, as kept with the record of a failing delivery. */
export interface AttemptRecord {
  /** Counted from 1. */
  readonly attempt: number;
  readonly atMs: number;
  readonly latencyMs: number;
  readonly lane: string;
  /** What the endpoint answered; undefined when no answer came. */
  readonly status?: number;
  /** Why no answer came, such as `timeout`. */
  readonly error?: string;
  /** The start of the response, or the network's error. */
  readonly detail: string;
}

/** A record keeps so many characters of details in total: each kilobyte costs a write unit at every further attempt. */
const detailsMax = 4 * keptResponseCharacters;
/** How much of an older detail is kept when there are more. */
const shortDetail = 100;

/** The record of one attempt. @param atMs when it began; @param latencyMs how long it took. */
export function attemptRecord(
  attempt: number,
  lane: string,
  outcome: Outcome,
  atMs: number,
  latencyMs: number,
): AttemptRecord {
  const measured = { attempt, atMs, latencyMs: Math.round(latencyMs), lane };
  return outcome.kind === 'answer'
    ? {
        ...measured,
        status: outcome.status,
        detail: outcome.response.slice(0, keptResponseCharacters),
      }
    : {
        ...measured,
        error: outcome.failure,
        detail: outcome.message.slice(0, keptResponseCharacters),
      };
}

/**
 * Adds an attempt. The newest details are kept whole; older ones are cut when all together are too long, so the record of
 * a delivery that fails for a day costs a handful of write units instead of one for each attempt.
 */
export function withAttempt(
  earlier: readonly AttemptRecord[],
  attempt: AttemptRecord,
): readonly AttemptRecord[] {
  let left = detailsMax;
  const newestFirst = [attempt, ...[...earlier].reverse()].slice(0, retriesMax + 1).map((one) => {
    const detail = one.detail.length <= left ? one.detail : one.detail.slice(0, shortDetail);
    left = Math.max(0, left - detail.length);
    return { ...one, detail };
  });
  return newestFirst.reverse();
}
