import { lifetimeOf } from '../access/acting.ts';
import type { KeyRecord } from '../access/key.ts';
import type { Breaker } from '../breaker/breaker.ts';
import { newsOf } from '../breaker/news.ts';
import type { Hold } from '../hold/hold.ts';
import type { Redrive } from '../redrive/redrive.ts';
import type { Refused } from '../refused/refused.ts';
import type { Receiver } from '../registry/receiver.ts';
import type { AccessRequest } from '../request/request.ts';
import type { Transaction } from '../transaction/transaction.ts';
import { type SystemEvent, systemEvent } from './system-event.ts';
import { systemTopicName } from './topic.ts';

/**
 * What a change of a row tells those whom it concerns. The stores write it in the transaction of the change, so that
 * nothing that is told did not happen, and nothing that happened is not told.
 */

export function newsOfReceiver(was: Receiver | undefined, now: Receiver, nowMs: number): SystemEvent[] {
  const { receiver, owner, stateReason = '' } = now;
  const [wasDisabled, isDisabled] = [was?.state === 'disabled', now.state === 'disabled'];
  if (wasDisabled === isDisabled) return [];
  return isDisabled
    ? [systemEvent('busbar.receiver.disabled', receiver, [owner], { receiver, reason: stateReason }, nowMs)]
    : [systemEvent('busbar.receiver.enabled', receiver, [owner], { receiver }, nowMs)];
}

export function newsOfBreaker(
  { receiver, owner }: Pick<Receiver, 'receiver' | 'owner'>,
  before: Breaker,
  breaker: Breaker,
  nowMs: number,
): SystemEvent[] {
  const news = newsOf(before, breaker);
  if (news === undefined) return [];
  const isForced = breaker.kind === 'forced-open' || breaker.kind === 'forced-closed';
  const data = { receiver, reason: breaker.reason, isForced };
  return [systemEvent(`busbar.breaker.${news}`, receiver, [owner], data, nowMs)];
}

/** A hold that ended is told when the last event is out. */
export function newsOfHold(was: Hold | undefined, now: Hold, nowMs: number): SystemEvent[] {
  const { topic, by, application, reason } = now;
  const isOver = (hold: Hold | undefined) => hold === undefined || hold.state === 'released';
  if (isOver(was) === isOver(now)) return [];
  if (isOver(now)) return [systemEvent('busbar.topic.released', topic, [], { topic }, nowMs)];
  const who = by === 'rule' ? 'by its rule' : `by hand by ${application ?? 'an admin'}`;
  const text = reason === undefined ? who : `${who}: ${reason}`;
  return [systemEvent('busbar.topic.held', topic, [], { topic, reason: text }, nowMs)];
}

export function newsOfRedrive(was: Redrive, now: Redrive, nowMs: number): SystemEvent[] {
  const { receiver, id: redrive, reason = '', sent, incarnation } = now;
  if (was.state === now.state) return [];
  const of = incarnation !== undefined && { of: incarnation };
  if (now.state === 'halted') {
    const data = { receiver, redrive, reason };
    return [{ ...systemEvent('busbar.redrive.halted', receiver, [], data, nowMs), ...of }];
  }
  if (now.state !== 'done') return [];
  return [{ ...systemEvent('busbar.redrive.done', receiver, [], { receiver, redrive, sent }, nowMs), ...of }];
}

/** It concerns who asks and, as the relay finds out, who owns the topic. */
export function newsOfRequest(
  was: AccessRequest | undefined,
  now: AccessRequest,
  nowMs: number,
): SystemEvent[] {
  if (was?.state === now.state || now.state === 'withdrawn') return [];
  const { id: request, kind, application, topicLifetime, state } = now;
  const data = { request, kind, application, ...('topic' in now && { topic: now.topic }) };
  const told = systemEvent(
    `busbar.request.${state === 'open' ? 'opened' : state}`,
    request,
    [application],
    data,
    nowMs,
  );
  return [{ ...told, ...(topicLifetime !== undefined && { of: topicLifetime }) }];
}

export function newsOfTransaction(was: Transaction, now: Transaction, nowMs: number): SystemEvent[] {
  const { id: transaction, application, decidedBy, reason = 'its time is over' } = now;
  if (was.decidedBy !== undefined || decidedBy !== 'bus') return [];
  const data = { application, transaction, reason };
  return [systemEvent('busbar.transaction.given-up', transaction, [application], data, nowMs)];
}

/** Whoever writes into the outbox may name anything as its application. */
const isApplication = (name: string) => /^[a-z0-9][a-z0-9-]{0,47}$/.test(name);

export function newsOfRefused({ application, code, topic }: Refused, nowMs: number): SystemEvent[] {
  if (topic === systemTopicName || !isApplication(application)) return [];
  const counts = { [code]: 1 };
  return [systemEvent('busbar.event.refused', application, [application], { application }, nowMs, counts)];
}

export const newsOfQuota = (application: string, quota: string, nowMs: number): SystemEvent[] =>
  isApplication(application)
    ? [
        systemEvent('busbar.quota.reached', application, [application], { application }, nowMs, {
          [quota]: 1,
        }),
      ]
    : [];

/** So long before a key expires it is told. */
const expiringSeconds = 7 * 24 * 3600;

/** What is to be told of a key, and when; undefined for one that does not expire. */
export function newsOfKey({ application, keyId, name = '', expiresAt, createdAt, session }: KeyRecord) {
  // A session is over within hours, as it should be.
  if (expiresAt === undefined || keyId === undefined || session !== undefined) return undefined;
  const atMs = Math.max(Date.parse(createdAt), Date.parse(expiresAt) - expiringSeconds * 1000);
  const data = { application, keyId, name, expiresAt };
  return { atMs, event: systemEvent('busbar.key.expiring', keyId, [application], data, atMs) };
}

/** The dead letters of a batch by their causes; those of system events are told to nobody. */
export function newsOfDeadLetters(
  receiver: Pick<Receiver, 'receiver' | 'owner'>,
  dead: readonly { readonly topic: string | undefined; readonly cause: string }[],
  nowMs: number,
): SystemEvent[] {
  const counts: Record<string, number> = {};
  for (const { topic, cause } of dead) {
    if (topic !== systemTopicName) counts[cause] = (counts[cause] ?? 0) + 1;
  }
  if (Object.keys(counts).length === 0) return [];
  const { receiver: name, owner } = receiver;
  return [systemEvent('busbar.dead-letters', name, [owner], { receiver: name }, nowMs, counts)];
}

/** Whether a thing that is there is the one that an event is about, and not a later one of its name. */
export const isStill = (of: string | undefined, now: Parameters<typeof lifetimeOf>[0]): boolean =>
  of === undefined || of === lifetimeOf(now);
