import * as z from 'zod';
import { invalidField } from '../kernel/errors.ts';
import type { Receiver, Skip } from './receiver.ts';
import { mayDeliver } from './validation.ts';

/** A pause this long is forgotten: queues drop what is older than 14 days. */
const pauseForgottenSeconds = 10 * 24 * 3600;

/** Pause, resume and skip: how a team controls the flow of its events by hand. */

export const skipSchema = z.strictObject({
  /** Messages that entered a lane before this are dropped. */
  before: z.iso.datetime({ offset: true, error: 'is not an RFC 3339 time such as 2026-01-31T12:00:00Z' }),
});
export type SkipSpec = z.infer<typeof skipSchema>;

/** The skip that a call asks for. @throws BusbarError invalid_request for a time in the future. */
export function skipOf(before: string, nowMs: number): Skip {
  const beforeMs = Date.parse(before);
  if (beforeMs > nowMs) {
    const detail =
      'is in the future. Give a time that has passed: only messages that have arrived can be skipped';
    throw invalidField('before', detail);
  }
  return { before: new Date(beforeMs).toISOString(), at: new Date(nowMs).toISOString() };
}

/** Whether a message is dropped: it entered the queue before the point. */
export function isSkipped(skip: Skip | undefined, sentAtMs: number): boolean {
  return skip !== undefined && sentAtMs < Date.parse(skip.before);
}

/** Whether a receiver's events are delivered: it is active, and its endpoint has agreed if it must. */
export const isFlowing = (receiver: Receiver): boolean => receiver.state === 'active' && mayDeliver(receiver);

/** The receiver in its paused state. */
export function paused(receiver: Receiver, by: string, nowMs: number): Receiver {
  return {
    ...receiver,
    state: 'paused',
    stateReason: `Paused by ${by} at ${new Date(nowMs).toISOString()}`,
    pausedAt: new Date(nowMs).toISOString(),
  };
}

/**
 * The receiver after its endpoint answered 410. A paused receiver stays paused until it is resumed, and then the next
 * 410 disables it. A receiver that got another endpoint while the old one answered does not change.
 */
export function disabled(receiver: Receiver, endpoint: string, reason: string): Receiver {
  if (receiver.state !== 'active' || receiver.endpoint !== endpoint) return receiver;
  return { ...receiver, state: 'disabled', stateReason: reason };
}

export function resumed(receiver: Receiver): Receiver {
  if (receiver.state === 'active') return receiver;
  const { stateReason: _, pausedAt: __, ...rest } = receiver;
  return { ...rest, state: 'active' };
}

/** The log line that tells the backlog alarm of a receiver that it is paused. */
export const isPausedLine = 'A receiver is paused';

/**
 * What the pause watch logs about a receiver: `paused`, which keeps its backlog alarm quiet; `forgotten`, when it is
 * paused for so long that its queues are about to lose events; nothing when the pause is over.
 */
export function pauseNotice(
  receiver: Receiver | undefined,
  nowMs: number,
): 'paused' | 'forgotten' | undefined {
  if (receiver?.state !== 'paused' || receiver.pausedAt === undefined) return undefined;
  const pausedMs = nowMs - Date.parse(receiver.pausedAt);
  return pausedMs < pauseForgottenSeconds * 1000 ? 'paused' : 'forgotten';
}

type Flow = Pick<Receiver, 'state' | 'stateReason' | 'pausedAt' | 'skip' | 'drops'>;

/** The flow state of a receiver after a patch: one that is disabled stays so unless it got another endpoint. */
export function patchedFlow(existing: Receiver | undefined, endpoint: string): Flow {
  const isStill = existing?.state === 'disabled' && existing.endpoint === endpoint;
  const { stateReason } = existing ?? {};
  return {
    ...keptFlow(existing),
    ...(isStill && { state: 'disabled', ...(stateReason !== undefined && { stateReason }) }),
  };
}

/** The flow state that a receiver keeps when its settings are replaced: only a resume ends a pause. */
export function keptFlow(existing: Receiver | undefined): Flow {
  const kept = {
    ...(existing?.skip !== undefined && { skip: existing.skip }),
    ...(existing?.drops !== undefined && { drops: existing.drops }),
  };
  if (existing?.state !== 'paused') return { state: 'active', ...kept };
  return {
    state: 'paused',
    ...(existing.stateReason !== undefined && { stateReason: existing.stateReason }),
    ...(existing.pausedAt !== undefined && { pausedAt: existing.pausedAt }),
    ...kept,
  };
}
