import { bus } from '../kernel/limits.ts';
import type { Outcome } from './outcome.ts';

/** One attempt as it is kept with the record of a failing delivery. */
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

/** Of so many characters of details together a record keeps: each kilobyte is a write unit at every further attempt. */
const detailsMax = 4 * bus.keptResponseCharacters;
/** What of an older detail is kept when they are more. */
const shortDetail = 100;

export function attemptRecord(
  attempt: number,
  lane: string,
  outcome: Outcome,
  atMs: number,
  latencyMs: number,
): AttemptRecord {
  const measured = { attempt, atMs, latencyMs: Math.round(latencyMs), lane };
  return outcome.kind === 'answer'
    ? { ...measured, status: outcome.status, detail: outcome.response.slice(0, bus.keptResponseCharacters) }
    : {
        ...measured,
        error: outcome.failure,
        detail: outcome.message.slice(0, bus.keptResponseCharacters),
      };
}

/**
 * The attempts with one more. The newest details are whole; older ones are cut when all together are too long, so
 * that the record of a delivery that fails for a day costs a handful of write units and not one for each attempt.
 */
export function withAttempt(
  earlier: readonly AttemptRecord[],
  attempt: AttemptRecord,
): readonly AttemptRecord[] {
  let left = detailsMax;
  const newestFirst = [attempt, ...[...earlier].reverse()].slice(0, bus.retriesMax + 1).map((one) => {
    const detail = one.detail.length <= left ? one.detail : one.detail.slice(0, shortDetail);
    left = Math.max(0, left - detail.length);
    return { ...one, detail };
  });
  return newestFirst.reverse();
}
