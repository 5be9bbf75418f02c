import * as z from 'zod';
import { BusbarError } from '../kernel/errors.ts';
import type { Receiver, Skip } from './receiver.ts';
import { mayDeliver } from './validation.ts';

/** A pause this long is forgotten: queues drop what is older than 14 days. */
const pauseForgottenSeconds = 10 * 24 * 3600;

/** Pause, resume and skip: what a team does by hand to the flow of its events. */

export const skipSchema = z.strictObject({
  /** What entered a lane before this is dropped. */
  before: z.iso.datetime({ offset: true, error: 'is no RFC 3339 time such as 2026-01-31T12:00:00Z' }),
});
export type SkipSpec = z.infer<typeof skipSchema>;

/** The skip that a call asks for. @throws BusbarError invalid_request for a time that is still to come. */
export function skipOf(before: string, nowMs: number): Skip {
  const beforeMs = Date.parse(before);
  if (beforeMs > nowMs) {
    const detail = 'is still to come: only what is there already can be skipped';
    throw new BusbarError('invalid_request', `before ${detail}.`, { fields: [{ path: 'before', detail }] });
  }
  return { before: new Date(beforeMs).toISOString(), at: new Date(nowMs).toISOString() };
}

/** Whether a message is dropped: it entered the queue before the point. */
export function isSkipped(skip: Skip | undefined, sentAtMs: number): boolean {
  return skip !== undefined && sentAtMs < Date.parse(skip.before);
}

/** Whether a receiver's events are to be delivered: nobody stopped it, and its endpoint agreed where it must. */
export const isFlowing = (receiver: Receiver): boolean => receiver.state === 'active' && mayDeliver(receiver);

/** The receiver as it stands still. */
export function paused(receiver: Receiver, by: string, nowMs: number): Receiver {
  return {
    ...receiver,
    state: 'paused',
    stateReason: `Paused by ${by} at ${new Date(nowMs).toISOString()}`,
    pausedAt: new Date(nowMs).toISOString(),
  };
}

/**
 * The receiver after its endpoint said that it is gone (410). One that is paused stays so until it is resumed, and the
 * next 410 disables it then; one that was given another endpoint while the old one answered is not concerned.
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

/** The line of the log by which the backlog alarm of a receiver knows that it is paused. */
export const isPausedLine = 'A receiver is paused';

/**
 * What is told of a receiver while it is watched for its pause: that it is paused, which keeps its backlog alarm quiet; or
 * that it is paused for so long that its queues are about to lose events; or nothing, because the pause is over.
 */
export function pauseNotice(
  receiver: Receiver | undefined,
  nowMs: number,
): 'paused' | 'forgotten' | undefined {
  if (receiver?.state !== 'paused' || receiver.pausedAt === undefined) return undefined;
  const pausedMs = nowMs - Date.parse(receiver.pausedAt);
  return pausedMs < pauseForgottenSeconds * 1000 ? 'paused' : 'forgotten';
}

/** What a receiver keeps of how its events flow when its settings are replaced: a pause ends by a resume alone. */
export function keptFlow(
  existing: Receiver | undefined,
): Pick<Receiver, 'state' | 'stateReason' | 'pausedAt' | 'skip'> {
  const skip = existing?.skip !== undefined && { skip: existing.skip };
  if (existing?.state !== 'paused') return { state: 'active', ...skip };
  return {
    state: 'paused',
    ...(existing.stateReason !== undefined && { stateReason: existing.stateReason }),
    ...(existing.pausedAt !== undefined && { pausedAt: existing.pausedAt }),
    ...skip,
  };
}
