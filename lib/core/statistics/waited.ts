import type { Counts } from './counts.ts';
import { latencyOf } from './sketch.ts';

/**
 * For how long the oldest event of a receiver has waited, as far as the bus saw: SQS tells no age to those who ask for
 * attributes, and leaves messages that were received three times or more out of its metric (decision 161). Two things
 * are seen at no cost in what is delivered: how long the events of failed attempts have waited, and how long those had
 * waited that were attempted for the first time.
 */

/** For so long a failed attempt is a sign that its event still waits: an open breaker tries every half hour at most. */
export const waitedSignSeconds = 35 * 60;
/** For so long a batch says how far back the queue is that it was taken from. */
const reachedSignSeconds = 5 * 60;
/** What begins the names of counters: of events whose attempt failed, and of first attempts. */
type WaitLetter = 'w' | 'r';

/** The longest wait among counters, seconds; undefined when there is none. */
export function longestWait(counts: Counts, letter: WaitLetter = 'w'): number | undefined {
  const buckets = Object.keys(counts).flatMap((name) =>
    name.startsWith(letter) && /^\d+$/.test(name.slice(1)) ? [Number(name.slice(1))] : [],
  );
  return buckets.length === 0 ? undefined : latencyOf(Math.max(...buckets));
}

/** What is known of the events that a receiver has not got yet. Epoch milliseconds. */
export interface Signs {
  /** The counters of the last minutes, the oldest first. */
  readonly minutes: readonly { readonly startMs: number; readonly counts: Counts }[];
  /** Whether any event waits to be received, and whether any is there at all. */
  readonly isWaiting: boolean;
  readonly isAny: boolean;
  /** Since when nothing is received, because the receiver is paused or its breaker open. */
  readonly stoppedSinceMs: number | undefined;
}

/** For how long the oldest event has waited since it entered its lane, seconds; 0 where nothing old is known. */
export function oldestSecondsOf({ minutes, isWaiting, isAny, stoppedSinceMs }: Signs, nowMs: number): number {
  if (!isAny) return 0;
  // What was counted happened in the middle of its minute, give or take half of it.
  const ageOf = ({ startMs, counts }: Signs['minutes'][number], letter: WaitLetter): number => {
    const waited = longestWait(counts, letter);
    return waited === undefined ? 0 : waited + Math.max(0, (nowMs - startMs) / 1000 - 30);
  };
  const since = (seconds: number) => minutes.filter(({ startMs }) => startMs > nowMs - (seconds + 60) * 1000);
  const retried = since(waitedSignSeconds).map((minute) => ageOf(minute, 'w'));
  // What waits now came after what was received last, so it is at most so old.
  const last = since(reachedSignSeconds).findLast(
    ({ counts: { delivered = 0, failed = 0 } }) => delivered + failed > 0,
  );
  const reached = isWaiting && last !== undefined ? ageOf(last, 'r') : 0;
  const stopped = isWaiting && stoppedSinceMs !== undefined ? (nowMs - stoppedSinceMs) / 1000 : 0;
  return Math.round(Math.max(0, stopped, reached, ...retried));
}
