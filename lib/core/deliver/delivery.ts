import { createHash } from 'node:crypto';
import { traceParentForm } from '../event/trace-context.ts';
import { retryAfterSeconds } from '../kernel/retry-after.ts';
import type { AttemptRecord } from './attempts.ts';
import { keptResponseCharacters, retryDelaysSecondsDefault, retryJitterPart } from './limits.ts';
import type { Outcome } from './outcome.ts';

/** One event for one receiver. */
/** The log line of a failed attempt that is followed by another; the backlog alarm reads its `waitedSeconds`. */
export const attemptRetriedLine = 'Attempt retry';

export interface Delivery {
  readonly deliveryId: string;
  readonly receiver: string;
  /** Of the receiver; absent when it has none. */
  readonly incarnation?: string;
  /** Undefined for an event that was sent to the receiver by invoke. */
  readonly topic: string | undefined;
  readonly eventId: string;
  readonly eventSource: string;
  readonly eventType: string;
  readonly traceparent: string | undefined;
  /** Absent for an event that brings none. */
  readonly tracestate?: string;
  /** The structured form, as it was accepted. */
  readonly body: string;
}

/**
 * The id of a delivery, stable over all attempts, duplicates of the queue and redrives: a hash of what identifies the
 * event (source and id, CloudEvents 1.0.2), its topic and the receiver.
 */
export function deliveryIdOf(
  event: { readonly source: string; readonly id: string },
  topic: string | undefined,
  receiver: string,
): string {
  const hash = createHash('sha256').update(JSON.stringify([event.source, event.id, topic ?? null, receiver]));
  return `dlv_${hash.digest('base64url').slice(0, 32)}`;
}

/**
 * The event's trace with a span of this attempt (W3C Trace Context). Undefined when the event brings anything but a
 * trace: a receiver would ignore it, and it may contain what no header can.
 */
export function childTrace(
  traceparent: string | undefined,
  random: { bytes(length: number): Uint8Array },
  spanId = Buffer.from(random.bytes(8)).toString('hex'),
): string | undefined {
  const [, traceId, , flags = ''] = traceParentForm.exec(traceparent ?? '') ?? [];
  if (traceId === undefined) return undefined;
  // Only "sampled" has a meaning; what may come to mean something else is not passed on (section 3.2.2.5.2).
  const sampled = Number.parseInt(flags, 16) & 1;
  return `00-${traceId}-${spanId}-0${sampled}`;
}

/** What is done with the message after an attempt. */
export type Verdict =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly delaySeconds: number; readonly cause: string }
  | { readonly kind: 'dead-letter'; readonly cause: string }
  | { readonly kind: 'disable'; readonly cause: string };

/** `business`: the endpoint does not want the event. `system`: the endpoint, or the way to it, does not work. */
export type FailureKind = 'business' | 'system';

/** These 4xx say nothing about the event: request timeout, too early, too many requests (RFC 9110, 8470, 6585). */
const statusesOfSystem: readonly number[] = [408, 425, 429];

/** Which kind of failure an outcome is; undefined for a success. */
export function failureKind(outcome: Outcome): FailureKind | undefined {
  if (outcome.kind === 'failure') {
    return outcome.says === 'business-failure' || outcome.says === 'never' ? 'business' : 'system';
  }
  const { status } = outcome;
  if (status >= 200 && status < 300) return undefined;
  return status >= 400 && status < 500 && !statusesOfSystem.includes(status) ? 'business' : 'system';
}

/** When the failed attempts of a receiver are made again. */
export interface RetryPolicy {
  /** The wait before each retry; there are as many retries as waits. */
  readonly delaysSeconds: readonly number[];
  /** Event types with a list of their own. */
  readonly types?: Readonly<Record<string, { readonly delaysSeconds: readonly number[] }>> | undefined;
  /** What follows a business failure; `retry` by default. */
  readonly businessFailures?: 'retry' | 'dead-letter' | undefined;
}

export const defaultRetry: RetryPolicy = { delaysSeconds: retryDelaysSecondsDefault };

/** The policy of a receiver for events of one type. */
export function policyFor(policy: RetryPolicy = defaultRetry, eventType: string): RetryPolicy {
  const own = Object.hasOwn(policy.types ?? {}, eventType) ? policy.types?.[eventType] : undefined;
  return own === undefined ? policy : { ...policy, delaysSeconds: own.delaysSeconds };
}

/**
 * How long to wait after the given attempt (counted from 1); undefined when it was the last one. Jitter only lengthens a
 * wait, so no retry comes early. A wait may be longer than a message can be hidden: the record of the delivery says when
 * it is due, and the message is hidden again for the rest.
 * @param random in [0, 1).
 */
export function retryDelaySeconds(policy: RetryPolicy, attempt: number, random: number): number | undefined {
  const delay = policy.delaysSeconds[attempt - 1];
  if (delay === undefined) return undefined;
  return delay * (1 + retryJitterPart * random);
}

/**
 * Judges one attempt by the HTTP contract: any 2xx is a success, 410 disables the receiver, `Retry-After` of 429 and 503
 * is obeyed, everything else is retried by the policy until the attempts are used up. A business failure is a dead letter
 * at once where the policy says so, and so is what can never be sent: it would only block its key.
 * @param attempt counted from 1.
 * @param random in [0, 1).
 */
export function judge(
  outcome: Outcome,
  attempt: number,
  policy: RetryPolicy | undefined,
  nowMs: number,
  random: number,
): Verdict {
  const kind = failureKind(outcome);
  if (kind === undefined) return { kind: 'delivered' };
  const cause = causeOf(outcome);
  if (outcome.kind === 'answer' && outcome.status === 410) return { kind: 'disable', cause };
  if (outcome.kind === 'failure' && outcome.says === 'never') return { kind: 'dead-letter', cause };
  if (kind === 'business' && policy?.businessFailures === 'dead-letter')
    return { kind: 'dead-letter', cause };
  const byPolicy = retryDelaySeconds(policy ?? defaultRetry, attempt, random);
  if (byPolicy === undefined) return { kind: 'dead-letter', cause };
  const asked =
    outcome.kind === 'answer' && (outcome.status === 429 || outcome.status === 503)
      ? retryAfterSeconds(outcome.retryAfter, nowMs)
      : undefined;
  // A wait of 0 s (or a date by a clock that is behind) would use up all attempts at once: the policy's wait counts then.
  return { kind: 'retry', delaySeconds: asked || byPolicy, cause };
}

/** The cause of a failure as a short code. Like failures have the same code: dead letters are clustered by it. */
export function causeOf(outcome: Outcome): string {
  if (outcome.kind === 'failure') return outcome.failure;
  if (outcome.status >= 300 && outcome.status < 400) return `redirect-${outcome.status}`;
  return `http-${outcome.status}`;
}

/** The record of a delivery that failed at least once or was stopped. Times are epoch milliseconds. */
export interface DeliveryRecord {
  readonly deliveryId: string;
  readonly receiver: string;
  /** Of the receiver: the same event for a later receiver of the name is another delivery. Absent when it had none. */
  readonly incarnation?: string;
  /**
   * `stopped`: deliberately not sent, because the event goes round in a circle or is for another application; `dropped`: the
   * owner of its topic dropped what was waiting.
   */
  readonly state: 'retrying' | 'delivered' | 'dead' | 'stopped' | 'dropped';
  readonly attempts: number;
  readonly firstAttemptAtMs: number;
  readonly lastAttemptAtMs: number;
  readonly nextAttemptAtMs: number | undefined;
  readonly cause: string;
  /** Of the last failed attempt; undefined for a message that could not be attempted at all. */
  readonly failure?: FailureKind | undefined;
  readonly detail: string;
  /** All attempts, the oldest first; absent when the topic's trace is `none`. */
  readonly history?: readonly AttemptRecord[];
  /** What it was before each redrive that is remembered, the oldest first. */
  readonly before?: readonly DeadRecord[];
}

/** A delivery that became a dead letter and was redriven. */
export interface DeadRecord {
  readonly attempts: number;
  readonly diedAtMs: number;
  readonly cause: string;
  readonly history?: readonly AttemptRecord[];
}

/** What is done with a message that was received again, by its record. */
export type Readiness =
  | { readonly kind: 'attempt'; readonly attempt: number }
  | { readonly kind: 'early'; readonly delaySeconds: number }
  | { readonly kind: 'done' };

/**
 * A message may come back early (a duplicate, a visibility change that failed) or after it was settled. The record, not the
 * queue's receive count, says which attempt this is and when it is due.
 */
export function readiness(record: DeliveryRecord | undefined, nowMs: number): Readiness {
  if (record === undefined) return { kind: 'attempt', attempt: 1 };
  // A dead letter that comes again was not acknowledged, or was put back by hand: it is attempted, never dropped.
  if (record.state === 'delivered') return { kind: 'done' };
  const waitMs = (record.nextAttemptAtMs ?? 0) - nowMs;
  // Visibility timeouts are whole seconds, so a message that is due within one is attempted now.
  if (waitMs > 1000) return { kind: 'early', delaySeconds: Math.ceil(waitMs / 1000) };
  return { kind: 'attempt', attempt: record.attempts + 1 };
}

/** The record after one more attempt. */
export function recordAttempt(
  delivery: Delivery,
  earlier: DeliveryRecord | undefined,
  attempt: number,
  outcome: Outcome,
  verdict: Verdict,
  nowMs: number,
): DeliveryRecord {
  return {
    deliveryId: delivery.deliveryId,
    receiver: delivery.receiver,
    ...(delivery.incarnation !== undefined && { incarnation: delivery.incarnation }),
    state: verdict.kind === 'delivered' ? 'delivered' : verdict.kind === 'dead-letter' ? 'dead' : 'retrying',
    attempts: attempt,
    firstAttemptAtMs: earlier?.firstAttemptAtMs ?? nowMs,
    lastAttemptAtMs: nowMs,
    nextAttemptAtMs: verdict.kind === 'retry' ? nowMs + verdict.delaySeconds * 1000 : undefined,
    cause: verdict.kind === 'delivered' ? (earlier?.cause ?? '') : verdict.cause,
    failure: failureKind(outcome) ?? earlier?.failure,
    detail: detailOf(outcome),
    ...(earlier?.before !== undefined && { before: earlier.before }),
  };
}

/** The record of a delivery that is deliberately not sent, and why; it spends no attempt. */
export function recordStop(
  delivery: Delivery,
  earlier: DeliveryRecord | undefined,
  { cause, detail }: { readonly cause: string; readonly detail: string },
  nowMs: number,
  state: 'stopped' | 'dropped' = 'stopped',
): DeliveryRecord {
  return {
    deliveryId: delivery.deliveryId,
    receiver: delivery.receiver,
    ...(delivery.incarnation !== undefined && { incarnation: delivery.incarnation }),
    state,
    attempts: earlier?.attempts ?? 0,
    firstAttemptAtMs: earlier?.firstAttemptAtMs ?? nowMs,
    lastAttemptAtMs: earlier?.lastAttemptAtMs ?? nowMs,
    nextAttemptAtMs: undefined,
    cause,
    detail: detail.slice(0, keptResponseCharacters),
    ...(earlier?.history !== undefined && { history: earlier.history }),
    ...(earlier?.before !== undefined && { before: earlier.before }),
  };
}

function detailOf(outcome: Outcome): string {
  const detail = outcome.kind === 'answer' ? outcome.response : outcome.message;
  return detail.slice(0, keptResponseCharacters);
}
