import type { Acting } from '../access/acting.ts';
import type { Target } from '../event/target.ts';
import type { TraceMode } from '../event/trace-mode.ts';
import { aws, bus } from '../kernel/limits.ts';
import type { ClaimRef } from '../publish/duplicate.ts';
import type { Order } from '../routing/order.ts';

/**
 * An event that waits whole in the delay queue, without a row: one of a topic that is not `cancellable`, delayed by up
 * to 15 minutes. All others wait in the table (see delayed.ts).
 */
export interface Delayed {
  readonly target: Target;
  readonly dueAtMs: number;
  /** When it was published, and for whom it acts; absent in messages from before this was recorded. */
  readonly atMs?: number | undefined;
  readonly acting?: Acting | undefined;
  /** The claim by which it was accepted, which is freed when it is refused; absent where nothing is deduplicated. */
  readonly claim?: ClaimRef | undefined;
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
 * How a timer waits: up to 15 minutes by SQS delay. Beyond that, EventBridge Scheduler sends it to the same queue early
 * enough that its precision of a minute cannot make it late, and it waits in the queue for the rest. Very long waits
 * are split into legs, because AWS documents no furthest date of a schedule.
 */
export type Wait =
  | { readonly kind: 'queue'; readonly delaySeconds: number }
  | { readonly kind: 'schedule'; readonly fireAtMs: number };

/** Allows for the schedule's precision and the way through the queue. */
const earlySeconds = 2 * aws.scheduler.precisionSeconds;

export function chooseWait(dueAtMs: number, nowMs: number): Wait {
  if (dueAtMs - nowMs <= aws.sqs.delaySecondsMax * 1000) {
    return { kind: 'queue', delaySeconds: secondsUntilWake(dueAtMs, nowMs) };
  }
  const legMs = nowMs + bus.scheduleLegSeconds * 1000;
  return { kind: 'schedule', fireAtMs: Math.min(dueAtMs - earlySeconds * 1000, legMs) };
}

/**
 * The whole seconds that a timer waits in its queue. It wakes up to `timerEarlyMsMax` early and the function waits out
 * the rest; otherwise an event that is due at a fraction of a second would be almost a second late.
 */
export function secondsUntilWake(dueAtMs: number, nowMs: number): number {
  return Math.max(0, Math.ceil((dueAtMs - nowMs - bus.timerEarlyMsMax) / 1000));
}

/** A one-time expression of EventBridge Scheduler: `at(2026-01-31T12:00:00)`, in UTC, whole seconds. */
export function atExpression(fireAtMs: number): string {
  return `at(${new Date(fireAtMs).toISOString().slice(0, 19)})`;
}
