import { createHash } from 'node:crypto';
import * as z from 'zod';
import { parseTimestamp } from '../event/event.ts';
import { eventHash } from '../event/hash.ts';
import type { Target } from '../event/target.ts';
import type { TraceMode } from '../event/trace-mode.ts';
import type { ErrorCode } from '../kernel/errors.ts';
import { bus } from '../kernel/limits.ts';
import type { Order } from '../routing/order.ts';
import { delayLeaseSeconds } from './limits.ts';

/**
 * A delayed event is a row of the bus table, and its timers (messages of the delay queue, schedules) only have
 * somebody look at the row. Whatever races for an event is decided by a conditional write of that row, once:
 *
 *   waiting ── look, when due ──▶ leaving ── routed ──▶ left
 *      └────── cancel ──▶ cancelled       (a function that dies while it is leaving: the lease ends, the next look goes on)
 */
export interface DelayedState {
  readonly state: 'waiting' | 'leaving' | 'left' | 'cancelled';
  readonly dueAtMs: number;
  /** Another one after each change: the condition of the next. It also names the schedule of a long wait. */
  readonly turn: string;
  /** Until when nobody else routes an event that is leaving; 0 in every other state. */
  readonly leaseUntilMs: number;
}

/** What the row keeps of the event itself. */
export interface DelayedEvent {
  readonly target: Target;
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string | undefined;
  readonly trace?: TraceMode | undefined;
  readonly order?: Order | undefined;
  /** When it was published. */
  readonly atMs: number;
  readonly body: string;
}

export interface DelayedKey {
  readonly pk: string;
  readonly sk: string;
}

/** All delayed events of an id stand together; an event waits once at each target. */
export function delayedKey(event: {
  readonly target: Target;
  readonly source: string;
  readonly id: string;
}): DelayedKey {
  const identity = JSON.stringify([event.target, event.source, event.id]);
  const hash = createHash('sha256').update(identity).digest('base64url').slice(0, 22);
  return { pk: `event#${eventHash(event.id)}`, sk: `${delayedPrefix}${hash}` };
}
export const delayedPrefix = 'scheduled#';

/** What a timer says. It may be of an earlier turn: the row decides. */
export interface Look {
  readonly row: DelayedKey;
  readonly turn: string;
  readonly dueAtMs: number;
}

/** Which delayed event is meant: an id, and what tells it from others of the same id. */
export interface RecallQuestion {
  readonly id: string;
  readonly source?: string | undefined;
  readonly topic?: string | undefined;
  readonly receiver?: string | undefined;
}

/** What happens to a delayed event. */
export type DelayedMessage =
  | { readonly kind: 'publish'; readonly dueAtMs: number }
  | { readonly kind: 'look' }
  /** From the function that routed it under this turn. */
  | { readonly kind: 'routed'; readonly turn: string }
  | { readonly kind: 'cancel' }
  | { readonly kind: 're-time'; readonly dueAtMs: number };

/** What follows: a write in the place of the state that was read, or none. */
export type DelayedStep =
  | { readonly kind: 'write'; readonly next: DelayedState }
  /** It is not due: look again then. */
  | { readonly kind: 'wait'; readonly untilMs: number }
  /** Another function routes it, or died while it did: look again when its lease is over. */
  | { readonly kind: 'leave-alone'; readonly untilMs: number }
  /** There is nothing to do. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'refuse'; readonly code: ErrorCode };

/** Decides every message in every state; `turn` is the one that a write begins. */
export function stepDelayed(
  row: DelayedState | undefined,
  message: DelayedMessage,
  nowMs: number,
  turn: string,
): DelayedStep {
  const waiting = (dueAtMs: number): DelayedStep => ({
    kind: 'write',
    next: { state: 'waiting', dueAtMs, turn, leaseUntilMs: 0 },
  });
  switch (message.kind) {
    case 'publish':
      // The same event again is due anew, also while it waits: the last word counts.
      return waiting(message.dueAtMs);
    case 'look':
      return look(row, nowMs, turn);
    case 'routed':
      return row?.state === 'leaving' && row.turn === message.turn
        ? { kind: 'write', next: { ...row, state: 'left', turn, leaseUntilMs: 0 } }
        : { kind: 'nothing' };
    case 'cancel':
      if (row === undefined) return { kind: 'refuse', code: 'unknown_event' };
      if (row.state === 'waiting') return { kind: 'write', next: { ...row, state: 'cancelled', turn } };
      // Who asks again because an answer was lost gets it.
      return row.state === 'cancelled' ? { kind: 'nothing' } : { kind: 'refuse', code: 'event_left' };
    case 're-time':
      if (row === undefined) return { kind: 'refuse', code: 'unknown_event' };
      if (row.state === 'waiting') return waiting(message.dueAtMs);
      return { kind: 'refuse', code: row.state === 'cancelled' ? 'event_cancelled' : 'event_left' };
  }
}

function look(row: DelayedState | undefined, nowMs: number, turn: string): DelayedStep {
  const leaving = (from: DelayedState): DelayedStep => ({
    kind: 'write',
    next: { ...from, state: 'leaving', turn, leaseUntilMs: nowMs + delayLeaseSeconds * 1000 },
  });
  switch (row?.state) {
    case 'waiting':
      return row.dueAtMs > nowMs ? { kind: 'wait', untilMs: row.dueAtMs } : leaving(row);
    case 'leaving':
      return row.leaseUntilMs > nowMs ? { kind: 'leave-alone', untilMs: row.leaseUntilMs } : leaving(row);
    default:
      return { kind: 'nothing' };
  }
}

/** What PATCH takes: one of the two. */
export const reTimeSchema = z
  .strictObject({
    delaySeconds: z.number().min(0).max(bus.delaySecondsMax).optional(),
    deliverAt: z
      .string()
      .refine(
        (text) => !Number.isNaN(parseTimestamp(text)),
        'is no RFC 3339 time such as 2026-01-31T12:00:00Z',
      )
      .optional(),
  })
  .refine(
    ({ delaySeconds, deliverAt }) => (delaySeconds === undefined) !== (deliverAt === undefined),
    'has one of delaySeconds and deliverAt',
  );
export type ReTimeSpec = z.infer<typeof reTimeSchema>;

/** When the event is to be due; at once where that is past. Undefined when it is more than ten years ahead. */
export function newDueAtMs(spec: ReTimeSpec, nowMs: number): number | undefined {
  const dueAtMs =
    spec.deliverAt === undefined
      ? nowMs + Math.round((spec.delaySeconds ?? 0) * 1000)
      : parseTimestamp(spec.deliverAt);
  return dueAtMs > nowMs + bus.delaySecondsMax * 1000 ? undefined : Math.max(nowMs, dueAtMs);
}

/** For how long the row is kept: nobody may ask about it, and no timer of it may come, any more. */
export const delayedExpiresAtSeconds = (dueAtMs: number): number =>
  Math.ceil(dueAtMs / 1000) + bus.deliveryRecordSeconds;
