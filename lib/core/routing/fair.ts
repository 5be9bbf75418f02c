import { createHash } from 'node:crypto';

/**
 * A standard queue is fair among the groups of its messages, for a surcharge on each request that has one (SQS guide,
 * "Amazon SQS fair queues"). The group of an event is its type, so that one type that floods a receiver does not hold up
 * the others. A queue whose events are all of one type needs no groups.
 */

/**
 * The group of an event type: a queue that one type floods hands out the events of the others first. A group has up to
 * 128 ASCII characters without spaces; any other type is replaced by its hash.
 */
export function fairGroup(type: string): string {
  if (/^[!-~]{1,128}$/.test(type)) return type;
  return createHash('sha256').update(type).digest('base64url');
}

/** What a publisher has lately sent to one queue: its latest type, and the latest of another one. Two are enough. */
export interface SeenTypes {
  readonly latest: Sighting;
  readonly other?: Sighting | undefined;
}

interface Sighting {
  readonly type: string;
  readonly atMs: number;
}

/**
 * A type counts for this long. SQS takes each message without a group for a tenant of its own, so what was sent before
 * the second type came is not overtaken: the longer a type counts, the rarer that is.
 */
export const seenTypeSeconds = 3600;

/** What was seen, after events of these types. */
export function seeTypes(
  seen: SeenTypes | undefined,
  types: readonly string[],
  nowMs: number,
): SeenTypes | undefined {
  let now = seen;
  for (const type of types) {
    const latest = { type, atMs: nowMs };
    now = now === undefined || now.latest.type === type ? { ...now, latest } : { latest, other: now.latest };
  }
  return now;
}

/** Whether a queue gets several types, so that its messages need groups. */
export function isMixed(seen: SeenTypes | undefined, nowMs: number): boolean {
  return seen?.other !== undefined && nowMs - seen.other.atMs <= seenTypeSeconds * 1000;
}
