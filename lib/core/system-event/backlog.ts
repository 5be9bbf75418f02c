import { oldSeconds } from '../deliver/offload.ts';
import type { Receiver } from '../registry/receiver.ts';
import { type SystemEvent, systemEvent } from './system-event.ts';

/**
 * Whether the events of a receiver wait too long. It is seen by whoever delivers them, in what the queue says of each
 * message anyway: a receiver that is well, or idle, costs nothing. An event waits from when it entered its lane, so that
 * failed attempts do not make it younger.
 */

/** From then on a backlog is high: that of the alarm. */
const highSeconds = 15 * 60;
/** For so long nothing old may come, since a queue hands out its messages in no order. */
const calmSeconds = 120;
/** A row is written again this often, while old events keep coming. */
export const seenEverySeconds = 60;

/** A receiver whose backlog is reported as high. Times are epoch milliseconds. */
export interface HighBacklog {
  readonly receiver: string;
  /** Who owned it then; absent in a row of an earlier release. */
  readonly owner?: string;
  /** The lifetime of the receiver; empty when it has none. */
  readonly of: string;
  readonly sinceMs: number;
  /** Until then something old is known to wait: it was seen then, or comes back then. */
  readonly untilMs: number;
}

/** What a batch has shown of the events of tenants in it; those of the bus itself do not count. */
export interface Waiting {
  readonly enteredAtMs: number;
  /** For how long it stays hidden now; undefined when it left the queue. */
  readonly hideSeconds: number | undefined;
}

/** What a batch says of the age of a backlog; undefined when nothing in it is old. */
export interface Seen {
  readonly oldestSeconds: number;
  readonly untilMs: number;
}

export function seenIn(waiting: readonly Waiting[], nowMs: number): Seen | undefined {
  const old = waiting.filter(({ enteredAtMs }) => nowMs - enteredAtMs >= oldSeconds * 1000);
  if (old.length === 0) return undefined;
  return {
    oldestSeconds: Math.floor((nowMs - Math.min(...old.map((each) => each.enteredAtMs))) / 1000),
    untilMs: nowMs + Math.ceil(Math.max(...old.map((each) => each.hideSeconds ?? 0))) * 1000,
  };
}

/** The row after a batch; the same where it need not be written. */
export function highBacklogAfter(
  was: HighBacklog | undefined,
  receiver: Pick<Receiver, 'receiver' | 'owner' | 'incarnation'>,
  seen: Seen,
  nowMs: number,
): HighBacklog | undefined {
  const of = receiver.incarnation ?? '';
  if (was === undefined || was.of !== of) {
    if (seen.oldestSeconds < highSeconds) return was;
    return { receiver: receiver.receiver, owner: receiver.owner, of, sinceMs: nowMs, untilMs: seen.untilMs };
  }
  const isNews = seen.untilMs - was.untilMs >= (seenEverySeconds / 2) * 1000;
  return isNews ? { ...was, untilMs: seen.untilMs } : was;
}

/** The line of the log that an alarm counts, once a minute while the backlog of some receiver is high. */
export const backlogsHigh = 'The backlog of receivers is high';

/** What becomes of a row when the sweep looks at it, each minute. */
export type HighBacklogStep = 'forget' | 'keep' | 'ends';

/** @param isStopped nothing is delivered now, so that nothing old can be seen: it is paused, or its breaker is open. */
export function stepOf(
  row: HighBacklog,
  receiver: Pick<Receiver, 'incarnation'> | undefined,
  isStopped: boolean,
  nowMs: number,
): HighBacklogStep {
  if (receiver === undefined || (receiver.incarnation ?? '') !== row.of) return 'forget';
  return isStopped || nowMs < row.untilMs + calmSeconds * 1000 ? 'keep' : 'ends';
}

/** One that is kept although nothing can be seen begins its calm time when something can. */
export const stillHigh = (row: HighBacklog, nowMs: number): HighBacklog => ({
  ...row,
  untilMs: Math.max(row.untilMs, nowMs),
});

export const newsOfHigh = (
  { receiver, owner }: Pick<Receiver, 'receiver' | 'owner'>,
  { oldestSeconds }: Seen,
  nowMs: number,
): SystemEvent => systemEvent('busbar.backlog.high', receiver, [owner], { receiver, oldestSeconds }, nowMs);

export const newsOfNormal = (
  { receiver, owner }: Pick<Receiver, 'receiver' | 'owner'>,
  { sinceMs }: HighBacklog,
  nowMs: number,
): SystemEvent =>
  systemEvent(
    'busbar.backlog.normal',
    receiver,
    [owner],
    { receiver, highSeconds: Math.round((nowMs - sinceMs) / 1000) },
    nowMs,
  );
