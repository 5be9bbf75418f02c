import * as z from 'zod';
import { type Actor, isOfLifetime, type Lifetime } from '../access/acting.ts';
import type { DeadRecord, DeliveryRecord } from '../deliver/delivery.ts';
import { aws } from '../kernel/limits.ts';
import { nameSchema } from '../kernel/spec.ts';
import type { DeadLetter } from './dead-letter.ts';

const redriveIdsMax = 1000;

/** A run that nothing continued for this long after it was due is lost, and may be replaced. */
const redriveLostSeconds = 15 * 60;

/** How long the canary of a redrive may be without an outcome. */
const redriveCanarySecondsMax = 3600;

/**
 * Sends dead letters back to their receiver: one run at a time for each receiver, a canary first, the rest at a rate.
 */

export const redriveSchema = z.strictObject({
  /** The ids of dead letters. */
  ids: z.array(z.string().min(1).max(128)).min(1).max(redriveIdsMax).optional(),
  cause: z.string().min(1).max(128).optional(),
  /** At most this many per second; as fast as possible when left out. */
  perSecond: z.number().min(0.1).max(1000).optional(),
});

/** Redelivers one event by hand: the receiver. */
export const deliverAgainSchema = z.strictObject({ receiver: nameSchema });
export type DeliverAgainSpec = z.infer<typeof deliverAgainSchema>;

export type RedriveSpec = z.infer<typeof redriveSchema>;

/**
 * `collecting` the letters of the dead-letter queue, `canary` while the first letter is out alone, `sending` the rest.
 * Then `done`, `halted` by the bus with a reason, or `stopped` by hand.
 */
export type RedriveState = 'collecting' | 'canary' | 'sending' | 'done' | 'halted' | 'stopped';

/** A run, as its row keeps it. Times named `At` are RFC 3339. */
export interface Redrive extends RedriveSpec {
  readonly id: string;
  readonly receiver: string;
  /** Of its receiver; absent when that had none. */
  readonly incarnation?: string;
  /** Who owned the receiver when it began; absent for a run from before this was recorded. */
  readonly owner?: string;
  /** For whom it acts; absent for a run from before this was recorded. */
  readonly actor?: Actor;
  readonly state: RedriveState;
  /** Why it halted. */
  readonly reason?: string;
  readonly startedBy: string;
  /** This run does not redrive what dies later, so no letter goes round in a circle. */
  readonly startedAt: string;
  readonly updatedAt: string;
  /** How many letters it covers; 0 until they are collected. */
  readonly total: number;
  readonly sent: number;
  /** Letters that were already delivered or no longer exist: they are not sent. */
  readonly settledBefore: number;
  /** Given ids that are not dead letters. */
  readonly missing: number;
  readonly canary?: { readonly id: string; readonly sentAt: string };
  /** Its progress: the key of the last letter, or the count of ids, that it has looked at. */
  readonly cursor: string;
  readonly position: number;
  readonly nextSendAtMs: number;
  /** The lease of the worker that continues the run ends then. */
  readonly leaseUntilMs: number;
  /** When it is continued next; a run that is long overdue is lost and may be replaced. */
  readonly dueAtMs: number;
}

export function newRedrive(
  spec: RedriveSpec,
  about: Pick<Redrive, 'id' | 'receiver' | 'owner' | 'incarnation' | 'actor' | 'startedBy'>,
  nowMs: number,
): Redrive {
  const now = new Date(nowMs).toISOString();
  return {
    ...spec,
    ...(spec.ids !== undefined && { ids: [...new Set(spec.ids)] }),
    ...about,
    state: 'collecting',
    startedAt: now,
    updatedAt: now,
    total: 0,
    sent: 0,
    settledBefore: 0,
    missing: 0,
    cursor: '',
    position: 0,
    nextSendAtMs: 0,
    leaseUntilMs: 0,
    dueAtMs: nowMs,
  };
}

/** What the API shows of a run. */
export function showRedrive(run: Redrive) {
  const { cursor: _1, position: _2, nextSendAtMs: _3, leaseUntilMs: _4, dueAtMs: _5, ...rest } = run;
  const { incarnation: _6, actor: _7, owner: _8, ...shown } = rest;
  return shown;
}

export const isFinished = (run: Redrive) =>
  run.state === 'done' || run.state === 'halted' || run.state === 'stopped';

/** Whether another run may replace this one. */
export const mayReplace = (run: Redrive, nowMs: number) =>
  isFinished(run) || nowMs > run.dueAtMs + redriveLostSeconds * 1000;

/** Whether the run covers this letter. */
export function selects(run: Redrive, letter: DeadLetter): boolean {
  if (letter.eventId === undefined || letter.diedAt > run.startedAt) return false;
  return run.cause === undefined || run.cause === letter.cause;
}

/** How many letters go at a time: what one call takes, at most a second's share. */
export const batchOf = (run: Redrive) =>
  Math.min(aws.sqs.batchEntriesMax, Math.max(1, Math.floor(run.perSecond ?? aws.sqs.batchEntriesMax)));

/** When the next letters may go after `count` went. A delay is made up for by at most a second's worth. */
export function nextSendMs(run: Redrive, count: number, nowMs: number): number {
  if (run.perSecond === undefined) return nowMs;
  return Math.max(run.nextSendAtMs, nowMs - 1000) + (count * 1000) / run.perSecond;
}

/** Whether a run is of the present lifetime of its receiver's name. */
export const isRunOf = (run: Redrive, receiver: Pick<Lifetime, 'createdAt' | 'incarnation'>): boolean =>
  isOfLifetime(run, Date.parse(run.startedAt), receiver);

/** The lifetime of the receiver of a run, as far as a record of a delivery tells it. */
export const lifetimeOf = ({ incarnation }: Redrive): Pick<Lifetime, 'createdAt' | 'incarnation'> => ({
  // Letters may be of any age.
  createdAt: new Date(0).toISOString(),
  ...(incarnation !== undefined && { incarnation }),
});

/**
 * The record of a redriven delivery: its attempts start again, and `judgeCanary` reads it. What it was before stays with
 * it, for `why`; each kilobyte costs a write unit at every further attempt, so that little is kept of details.
 * @param was its record until now; the letter alone tells of a delivery that the queue gave up.
 */
export function anew(
  { incarnation }: Redrive,
  letter: DeadLetter,
  was: DeliveryRecord | undefined,
  nowMs: number,
): DeliveryRecord {
  return {
    ...(incarnation !== undefined && { incarnation }),
    deliveryId: letter.id,
    receiver: letter.receiver,
    state: 'retrying',
    attempts: 0,
    firstAttemptAtMs: nowMs,
    lastAttemptAtMs: nowMs,
    nextAttemptAtMs: undefined,
    cause: letter.cause,
    detail: letter.detail,
    before: livesOf(letter, was),
  };
}

/** How many redrives of a delivery are remembered, and how much of each detail. */
const livesMax = 2;
const lifeDetailCharacters = 100;

function livesOf(letter: DeadLetter, was: DeliveryRecord | undefined): readonly DeadRecord[] {
  const before = was?.before ?? [];
  // A run that crashed may send a letter back twice.
  if (was !== undefined && was.state === 'retrying') return before;
  const history = was?.history?.map((attempt) => ({
    ...attempt,
    detail: attempt.detail.slice(0, lifeDetailCharacters),
  }));
  const life: DeadRecord = {
    attempts: letter.attempts,
    diedAtMs: Date.parse(letter.diedAt),
    cause: letter.cause,
    ...(history !== undefined && { history }),
  };
  return [...before, life].slice(-livesMax);
}

/** What follows from the record of the canary's delivery. */
export type CanaryVerdict =
  | { readonly kind: 'go' }
  | { readonly kind: 'halt'; readonly reason: string }
  | { readonly kind: 'wait'; readonly seconds: number };

/** The first failed attempt halts the run: the other letters would meet the same endpoint. */
export function judgeCanary(
  record: DeliveryRecord | undefined,
  sentAtMs: number,
  nowMs: number,
): CanaryVerdict {
  if (record?.state === 'delivered') return { kind: 'go' };
  if (record !== undefined && record.attempts > 0) {
    return {
      kind: 'halt',
      reason: `The first letter failed again (${record.cause}) and is retried by the receiver's policy; the rest were kept. Fix the endpoint, then redrive again.`,
    };
  }
  const waitedSeconds = (nowMs - sentAtMs) / 1000;
  if (waitedSeconds > redriveCanarySecondsMax) {
    return {
      kind: 'halt',
      reason:
        'The first letter had no outcome for an hour; the rest were kept. Check that the queues of the receiver are consumed.',
    };
  }
  return { kind: 'wait', seconds: waitedSeconds < 30 ? 1 : 10 };
}
