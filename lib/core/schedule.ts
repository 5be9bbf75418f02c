import { createHash } from 'node:crypto';
import { aws } from './limits.ts';
import type { Order } from './order.ts';
import type { Target } from './routing.ts';
import type { TraceMode } from './trace.ts';

/** An event that waits in the delay queue or in a schedule: where it goes, when, and what it is. */
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
 * How an event waits. Up to 15 minutes by SQS delay, to the second. Beyond, EventBridge Scheduler sends it to the
 * same queue early enough that its precision of a minute cannot make it late, and the queue holds the rest.
 */
export type Wait =
  | { readonly kind: 'queue'; readonly delaySeconds: number }
  | { readonly kind: 'schedule'; readonly fireAtMs: number };

/** Room for the schedule's precision and for its way through the queue. */
const earlySeconds = 2 * aws.scheduler.precisionSeconds;

export function chooseWait(dueAtMs: number, nowMs: number): Wait {
  const restSeconds = secondsUntil(dueAtMs, nowMs);
  if (restSeconds <= aws.sqs.delaySecondsMax) return { kind: 'queue', delaySeconds: restSeconds };
  return { kind: 'schedule', fireAtMs: dueAtMs - earlySeconds * 1000 };
}

/** Whole seconds until the moment, rounded up so that nothing is early; 0 when it has come. */
export function secondsUntil(dueAtMs: number, nowMs: number): number {
  return Math.max(0, Math.ceil((dueAtMs - nowMs) / 1000));
}

/**
 * The name of an event's schedule, in 64 characters as Scheduler takes them. Why all of these: the same event may
 * be due twice, at two times or for two receivers, but not twice at once.
 */
export function scheduleName(
  target: Target,
  event: { readonly source: string; readonly id: string },
  dueAtMs: number,
): string {
  return createHash('sha256')
    .update(JSON.stringify([target, event.source, event.id, dueAtMs]))
    .digest('hex');
}

/** A one-time expression of EventBridge Scheduler: `at(2026-01-31T12:00:00)`, in UTC, whole seconds. */
export function atExpression(fireAtMs: number): string {
  return `at(${new Date(fireAtMs).toISOString().slice(0, 19)})`;
}
