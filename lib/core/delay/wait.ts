import type { Target } from '../event/target.ts';
import type { TraceMode } from '../event/trace-mode.ts';
import { aws, bus } from '../kernel/limits.ts';
import type { Order } from '../routing/order.ts';

/**
 * An event that waits in the delay queue whole, without a row: what topics that are not `cancellable` delay by up
 * to 15 minutes. All others wait in the table (see delayed.ts).
 */
export interface Delayed {
  readonly target: Target;
  readonly dueAtMs: number;
  readonly event: {
    readonly id: string;
    readonly source: string;
    readonly type: string;
    readonly subject?: string;
    readonly trace?: TraceMode;
    readonly order?: Order;
  };
  readonly body: string;
}

/**
 * How a timer waits. Up to 15 minutes by SQS delay. Beyond, EventBridge Scheduler sends it to the same queue early
 * enough that its precision of a minute cannot make it late, and the queue holds the rest. Very long waits go by
 * legs, because AWS documents no furthest date of a schedule.
 */
export type Wait =
  | { readonly kind: 'queue'; readonly delaySeconds: number }
  | { readonly kind: 'schedule'; readonly fireAtMs: number };

/** Room for the schedule's precision and for its way through the queue. */
const earlySeconds = 2 * aws.scheduler.precisionSeconds;

export function chooseWait(dueAtMs: number, nowMs: number): Wait {
  if (dueAtMs - nowMs <= aws.sqs.delaySecondsMax * 1000) {
    return { kind: 'queue', delaySeconds: secondsToHide(dueAtMs, nowMs) };
  }
  const legMs = nowMs + bus.scheduleLegSeconds * 1000;
  return { kind: 'schedule', fireAtMs: Math.min(dueAtMs - earlySeconds * 1000, legMs) };
}

/**
 * For how many whole seconds a timer is hidden: it comes up to `timerEarlyMsMax` early, which the function waits out, so
 * that what is due on a fraction of a second is not almost a second late.
 */
export function secondsToHide(dueAtMs: number, nowMs: number): number {
  return Math.max(0, Math.ceil((dueAtMs - nowMs - bus.timerEarlyMsMax) / 1000));
}

/** A one-time expression of EventBridge Scheduler: `at(2026-01-31T12:00:00)`, in UTC, whole seconds. */
export function atExpression(fireAtMs: number): string {
  return `at(${new Date(fireAtMs).toISOString().slice(0, 19)})`;
}
