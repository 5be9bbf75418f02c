import type { DeliveryRecord } from './delivery.ts';
import { keptResponseCharacters } from './limits.ts';
import type { Outcome } from './outcome.ts';

type Failure = Extract<Outcome, { kind: 'failure' }>;

/** The outcome of an attempt that broke off inside the bus: it is retried by the policy, and says nothing of the endpoint. */
export const busFault = (message: string): Failure => ({
  kind: 'failure',
  failure: 'bus-fault',
  message,
  says: 'bus-fault',
});

/** The outcome for an event that no request of this receiver can carry: no attempt would do better. */
export const unwritable = (error: unknown): Failure => ({
  kind: 'failure',
  failure: 'unwritable',
  message: `The event cannot be written in the form that the receiver takes: ${reasonOf(error)}`,
  says: 'never',
});

export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Whether an outcome was made by the bus alone: it counts as an attempt, and tells nothing about the other side. */
export const isOfTheBus = (outcome: Outcome): boolean =>
  outcome.kind === 'failure' && (outcome.says === 'bus-fault' || outcome.says === 'never');

/**
 * After so many receives, fourteen hours by core/deliver/receives, a message that breaks what handles it becomes a dead
 * letter: there is no attempt to count, and the events of its key wait for it.
 */
export const faultReceivesMax = 200;

/** The record of a dead letter that was never attempted. */
export function recordUnattempted(
  identity: { readonly deliveryId: string; readonly receiver: string },
  why: { readonly cause: string; readonly detail: string },
  nowMs: number,
): DeliveryRecord {
  return {
    ...identity,
    state: 'dead',
    attempts: 0,
    firstAttemptAtMs: nowMs,
    lastAttemptAtMs: nowMs,
    nextAttemptAtMs: undefined,
    cause: why.cause,
    detail: why.detail.slice(0, keptResponseCharacters),
  };
}
