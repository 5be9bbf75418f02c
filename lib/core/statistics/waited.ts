import type { Counts } from './counts.ts';
import { latencyOf } from './sketch.ts';

/**
 * The age of what is retried, from the attempts that failed: SQS leaves messages that were received three times or more
 * out of the age of its queues (decision 161).
 */

/** For so long a failed attempt is a sign that its event still waits: an open breaker tries every half hour at most. */
export const waitedSignSeconds = 35 * 60;

/** The longest wait among counters, seconds; undefined when there is none. */
export function longestWait(counts: Counts): number | undefined {
  const buckets = Object.keys(counts).flatMap((name) => (/^w\d+$/.test(name) ? [Number(name.slice(1))] : []));
  return buckets.length === 0 ? undefined : latencyOf(Math.max(...buckets));
}
