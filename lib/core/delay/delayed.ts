import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Acting } from '../access/acting.ts';
import { parseTimestamp } from '../event/event.ts';
import { eventHash } from '../event/hash.ts';
import type { Target } from '../event/target.ts';
import type { TraceMode } from '../event/trace-mode.ts';
import type { ErrorCode } from '../kernel/errors.ts';
import { bus } from '../kernel/limits.ts';
import type { ClaimRef } from '../publish/duplicate.ts';
import type { Order } from '../routing/order.ts';
import { delayLeaseSeconds } from './limits.ts';

/**
 * A delayed event is a row of the bus table, and its timers (messages of the delay queue, schedules) only have
 * somebody look at the row. Whatever races for an event is decided by a conditional write of that row, once:
 *
 *   waiting ── look, when due ──▶ leaving ── routed ──▶ left
 *      │                             └────── refused ──▶ refused
 *      └────── cancel ──▶ cancelled       (a function that dies while it is leaving: the lease ends, the next look goes on)
 */
export interface DelayedState {
  readonly state: 'waiting' | 'leaving' | 'left' | 'refused' | 'cancelled';
  readonly dueAtMs: number;
  /** A new one after each change; the condition of the next write. It also names the schedule of a long wait. */
  readonly revision: string;
  /** Until then no other function routes an event that is leaving; 0 in every other state. */
  readonly leaseUntilMs: number;
}

/** The event itself, as the row keeps it. */
export interface DelayedEvent {
  readonly target: Target;
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string | undefined;
  readonly trace?: TraceMode | undefined;
  readonly order?: Order | undefined;
  /** For whom it acts when it is due; absent in rows from before this was recorded. */
  readonly acting?: Acting | undefined;
  /** The claim by which it was accepted, which is freed when it is not sent; absent where nothing is deduplicated. */
  readonly claim?: ClaimRef | undefined;
  /** When it was published. */
  readonly atMs: number;
  readonly body: string;
}

export interface DelayedKey {
  readonly pk: string;
  readonly sk: string;
}

/**
 * All delayed events of an id share a partition; an event waits once for each target, and in each lifetime of it: one
 * that waits for an earlier topic of the same name is not replaced.
 */
export function delayedKey(event: {
  readonly target: Target;
  readonly source: string;
  readonly id: string;
  readonly acting?: Pick<Acting, 'incarnation'> | undefined;
}): DelayedKey {
  const { incarnation } = event.acting ?? {};
  const identity = [
    event.target,
    event.source,
    event.id,
    ...(incarnation === undefined ? [] : [incarnation]),
  ];
  const hash = createHash('sha256').update(JSON.stringify(identity)).digest('base64url').slice(0, 22);
  return { pk: `event#${eventHash(event.id)}`, sk: `${delayedPrefix}${hash}` };
}
export const delayedPrefix = 'scheduled#';

/** What a timer says. Its revision may be outdated: the row decides. */
export interface Look {
  readonly row: DelayedKey;
  readonly revision: string;
  readonly dueAtMs: number;
}

/** Selects a delayed event: an id, and what tells it from others with the same id. */
export interface RecallQuestion {
  readonly id: string;
  readonly source?: string | undefined;
  readonly topic?: string | undefined;
  readonly receiver?: string | undefined;
}

/** What may happen to a delayed event. */
export type DelayedMessage =
  | { readonly kind: 'publish'; readonly dueAtMs: number }
  | { readonly kind: 'look' }
  /** From the function that routed it under this revision. */
  | { readonly kind: 'routed'; readonly revision: string }
  /** From the function that took it under this revision: it may not go to its target any more, and is listed so. */
  | { readonly kind: 'refused'; readonly revision: string }
  | { readonly kind: 'cancel' }
  | { readonly kind: 're-time'; readonly dueAtMs: number };

/** What follows: a write that replaces the state that was read, or none. */
export type DelayedStep =
  | { readonly kind: 'write'; readonly next: DelayedState }
  /** It is not due: look again then. */
  | { readonly kind: 'wait'; readonly untilMs: number }
  /** Another function routes it, or died doing so: look again when its lease ends. */
  | { readonly kind: 'leave-alone'; readonly untilMs: number }
  /** There is nothing to do. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'reject'; readonly code: ErrorCode };

/** Decides every message in every state; `revision` is the one that a write sets. */
export function stepDelayed(
  row: DelayedState | undefined,
  message: DelayedMessage,
  nowMs: number,
  revision: string,
): DelayedStep {
  const waiting = (dueAtMs: number): DelayedStep => ({
    kind: 'write',
    next: { state: 'waiting', dueAtMs, revision, leaseUntilMs: 0 },
  });
  switch (message.kind) {
    case 'publish':
      // Publishing the same event again replaces its time, also while it waits: the last call wins.
      return waiting(message.dueAtMs);
    case 'look':
      return look(row, nowMs, revision);
    case 'routed':
      return row?.state === 'leaving' && row.revision === message.revision
        ? { kind: 'write', next: { ...row, state: 'left', revision, leaseUntilMs: 0 } }
        : { kind: 'nothing' };
    case 'refused':
      return row?.state === 'leaving' && row.revision === message.revision
        ? { kind: 'write', next: { ...row, state: 'refused', revision, leaseUntilMs: 0 } }
        : { kind: 'nothing' };
    case 'cancel':
      if (row === undefined) return { kind: 'reject', code: 'unknown_event' };
      if (row.state === 'waiting') return { kind: 'write', next: { ...row, state: 'cancelled', revision } };
      // A caller that repeats a cancel because the response was lost gets the same answer.
      return row.state === 'cancelled' ? { kind: 'nothing' } : { kind: 'reject', code: 'event_left' };
    case 're-time':
      if (row === undefined) return { kind: 'reject', code: 'unknown_event' };
      if (row.state === 'waiting') return waiting(message.dueAtMs);
      return { kind: 'reject', code: row.state === 'cancelled' ? 'event_cancelled' : 'event_left' };
  }
}

function look(row: DelayedState | undefined, nowMs: number, revision: string): DelayedStep {
  const leaving = (from: DelayedState): DelayedStep => ({
    kind: 'write',
    next: { ...from, state: 'leaving', revision, leaseUntilMs: nowMs + delayLeaseSeconds * 1000 },
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

/** The body of PATCH: one of the two. */
export const reTimeSchema = z
  .strictObject({
    delaySeconds: z.number().min(0).max(bus.delaySecondsMax).optional(),
    deliverAt: z
      .string()
      .refine(
        (text) => !Number.isNaN(parseTimestamp(text)),
        'is not an RFC 3339 time such as 2026-01-31T12:00:00Z',
      )
      .optional(),
  })
  .refine(
    ({ delaySeconds, deliverAt }) => (delaySeconds === undefined) !== (deliverAt === undefined),
    'must have either delaySeconds or deliverAt',
  );
export type ReTimeSpec = z.infer<typeof reTimeSchema>;

/** The new due time; now when the given time has passed. Undefined when it is more than ten years ahead. */
export function newDueAtMs(spec: ReTimeSpec, nowMs: number): number | undefined {
  const dueAtMs =
    spec.deliverAt === undefined
      ? nowMs + Math.round((spec.delaySeconds ?? 0) * 1000)
      : parseTimestamp(spec.deliverAt);
  return dueAtMs > nowMs + bus.delaySecondsMax * 1000 ? undefined : Math.max(nowMs, dueAtMs);
}

/** When the row expires: by then its timers are over, and it is no longer needed to answer questions. */
export const delayedExpiresAtSeconds = (dueAtMs: number): number =>
  Math.ceil(dueAtMs / 1000) + bus.deliveryRecordSeconds;
