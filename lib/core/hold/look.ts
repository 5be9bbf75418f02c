/**
 * How old a backlog is can only be learned by receiving messages, which SQS counts (core/deliver/receives). So lanes are
 * looked into rarely: every minute while what waits is young, then every tenth of its age. A message is looked at about 200
 * times in 14 days at most, whatever rules there are.
 */

/** What a look into the lanes of a receiver found. */
export interface Look {
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** How long the oldest of the sample had been in its lane, seconds. */
  readonly oldestSeconds: number;
  /** How long the oldest had waited for its first attempt, seconds; 0 when all had been tried. */
  readonly waitedSeconds: number;
  /** How many messages the lanes held, those that are hidden included. */
  readonly inAll: number;
}

/** A schedule that fires every minute may fire a little early. */
const everySecondsMin = 50;
const everySecondsMax = 3 * 3600;
const partOfAge = 0.1;

/** Whether to look again. What is half gone is looked at again: what was old may be gone with it. */
export function isLookDue(last: Look | undefined, inAll: number, nowMs: number): boolean {
  if (last === undefined || inAll < last.inAll / 2) return true;
  const everySeconds = Math.min(everySecondsMax, Math.max(everySecondsMin, last.oldestSeconds * partOfAge));
  return nowMs - last.atMs >= everySeconds * 1000;
}
