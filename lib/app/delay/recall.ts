import { owns, type Principal, requireOwner } from '../../core/access/access.ts';
import { isOfLifetime } from '../../core/access/acting.ts';
import {
  type DelayedMessage,
  type DelayedState,
  newDueAtMs,
  type RecallQuestion,
  type ReTimeSpec,
  stepDelayed,
} from '../../core/delay/delayed.ts';
import { BusbarError, type ErrorCode, invalidField } from '../../core/kernel/errors.ts';
import { bus } from '../../core/kernel/limits.ts';
import type { KeptDelayed } from '../../runtime/stores/delayed.ts';
import type { Tools } from '../../runtime/tools.ts';
import { delayedStored, giveBack, takeStored } from '../access/stored.ts';
import { type DelayTools, newRevision, noteDelayed } from './schedule.ts';

import { dropTimer, lookTimer, setTimers } from './timers.ts';

export type RecallTools = DelayTools & Tools<'registry'>;

/** A delayed event as the API shows it. */
export interface ShownDelayed {
  readonly id: string;
  readonly source: string;
  readonly topic?: string;
  readonly receiver?: string;
  readonly state: 'scheduled';
  /** RFC 3339. */
  readonly deliverAt: string;
}

/**
 * Cancels a delayed event that has not left. A repeated call gets the same answer.
 * @throws BusbarError unknown_event, event_left, ambiguous_event, forbidden.
 */
export async function cancelEvent(
  tools: RecallTools,
  principal: Principal,
  question: RecallQuestion,
): Promise<void> {
  const kept = await findOwn(tools, principal, question);
  const { outdated } = await change(tools, kept, { kind: 'cancel' });
  if (outdated !== undefined) await dropTimer(tools, outdated);
}

/**
 * Gives another time to a delayed event that has not left.
 * @throws BusbarError invalid_request, unknown_event, event_left, event_cancelled, ambiguous_event, forbidden, unavailable.
 */
export async function reTimeEvent(
  tools: RecallTools,
  principal: Principal,
  question: RecallQuestion,
  spec: ReTimeSpec,
): Promise<ShownDelayed> {
  const dueAtMs = newDueAtMs(spec, tools.clock.now());
  if (dueAtMs === undefined) {
    throw invalidField('deliverAt', 'is more than ten years ahead');
  }
  const kept = await findOwn(tools, principal, question);
  const { state, outdated } = await change(tools, kept, { kind: 're-time', dueAtMs });
  await noteDelayed(tools, kept.event.target, dueAtMs);
  await tools.delayed.list(kept.event, dueAtMs);
  const [problem] = await setTimers(tools, [lookTimer({ row: kept.key, revision: state.revision, dueAtMs })]);
  if (problem !== undefined) {
    tools.log('error', 'A re-timed event has no timer', { reason: problem });
    throw new BusbarError(
      'unavailable',
      'The event has its new time, but its timer could not be set, so it may be late. Send the request again.',
      { retryAfterSeconds: 1 },
    );
  }
  // Not before there is another one: until then it is what finds the event, late or not.
  if (outdated !== undefined) await dropTimer(tools, outdated);
  const { id, source, target } = kept.event;
  return { id, source, ...target, state: 'scheduled', deliverAt: new Date(dueAtMs).toISOString() };
}

/**
 * Replaces the state that was read by the next one; starts again when another writer comes first.
 * @returns the state, and the name of the timer that is outdated by it; undefined where nothing was changed.
 */
async function change(
  tools: RecallTools,
  kept: KeptDelayed,
  message: DelayedMessage,
): Promise<{ readonly state: DelayedState; readonly outdated: string | undefined }> {
  let state: DelayedState | undefined = kept.state;
  let { claim } = kept.event;
  for (let tries = 0; tries < bus.conditionalTriesMax; tries++) {
    const nowMs = tools.clock.now();
    const step = stepDelayed(state, message, nowMs, newRevision(tools.random));
    if (step.kind === 'reject') throw rejection(step.code, kept.event.id, state);
    if (step.kind !== 'write' || state === undefined) return { state: kept.state, outdated: undefined };
    const written = await tools.delayed.change(kept.key, state.revision, step.next, nowMs, claim);
    if (written.done) {
      await countAnew(tools, kept, state.dueAtMs, step.next);
      return { state: step.next, outdated: state.revision };
    }
    state = written.kept?.state;
    claim = written.kept?.event.claim;
  }
  throw new BusbarError('unavailable', 'Other requests keep changing this event. Try again.', {
    retryAfterSeconds: 1,
  });
}

/** What was cancelled waits no longer, and what was re-timed until another time. */
async function countAnew(
  tools: RecallTools,
  { event }: KeptDelayed,
  dueAtMs: number,
  next: DelayedState,
): Promise<void> {
  const application = event.acting?.actor.application;
  await giveBack(tools, application, [delayedStored(event, dueAtMs, event.atMs)]);
  if (next.state !== 'waiting' || application === undefined) return;
  await takeStored(tools, application, [delayedStored(event, next.dueAtMs, event.atMs)], 'count');
}

function rejection(code: ErrorCode, id: string, state: DelayedState | undefined): BusbarError {
  if (code === 'event_cancelled') {
    return new BusbarError(code, `The event ${id} was cancelled. Publish it again to deliver it.`);
  }
  if (code === 'event_left' && state?.state === 'refused') {
    return new BusbarError(
      code,
      `The event ${id} was refused when it was due. GET /v1/refused lists it with the cause.`,
    );
  }
  if (code === 'event_left') {
    const when = state === undefined ? '' : `: it was due at ${new Date(state.dueAtMs).toISOString()}`;
    return new BusbarError(
      code,
      `The event ${id} has left${when}. GET /v1/events/{id} shows what became of it.`,
    );
  }
  return unknown(id);
}

function unknown(id: string): BusbarError {
  return new BusbarError(
    'unknown_event',
    `No delayed event has the id ${id}. An event without a delay leaves at once, and an event of a topic that is not cancellable cannot be recalled when its delay is 15 minutes or less.`,
  );
}

/**
 * The one event that is meant: the waiting one, if others with the same id have left. Whoever published it may change it,
 * and whoever owns its target, unless that was made anew since.
 */
async function findOwn(
  tools: RecallTools,
  principal: Principal,
  { id, source, topic, receiver }: RecallQuestion,
): Promise<KeptDelayed> {
  const meant = (await tools.delayed.find(id)).filter(
    ({ event: { target, source: itsSource } }) =>
      (source === undefined || source === itsSource) &&
      (topic === undefined || ('topic' in target && target.topic === topic)) &&
      (receiver === undefined || ('receiver' in target && target.receiver === receiver)),
  );
  const owners = await Promise.all(meant.map((kept) => ownerOf(tools, kept)));
  const own = meant.filter(
    ({ event }, at) => owns(principal, owners[at]) || owns(principal, event.acting?.actor.application),
  );
  const others = meant.flatMap(({ event: { target } }, at) => {
    const owner = owners[at];
    return owner === undefined ? [] : [{ owner, name: 'topic' in target ? target.topic : target.receiver }];
  });
  const [other] = others;
  if (own.length === 0 && other !== undefined) {
    requireOwner(principal, other.owner, `The target ${other.name} of the event ${id}`);
  }
  const waiting = own.filter(({ state }) => state.state === 'waiting');
  const candidates = waiting.length > 0 ? waiting : own;
  const [one] = candidates;
  if (one === undefined) throw unknown(id);
  if (candidates.length > 1 && waiting.length > 0) {
    const list = candidates.map(({ event }) => ({ source: event.source, ...event.target }));
    throw new BusbarError(
      'ambiguous_event',
      `${candidates.length} waiting events have the id ${id}. Choose one with ?source=, ?topic= or ?receiver=.`,
      { members: { events: list } },
    );
  }
  // Of several that no longer wait, a cancelled one answers a repeated call.
  return candidates.find(({ state }) => state.state === 'cancelled') ?? one;
}

/** The owner of the target of an event; undefined when it was deleted, even if its name was created again. */
async function ownerOf(tools: RecallTools, { event }: KeptDelayed): Promise<string | undefined> {
  const { target, acting, atMs } = event;
  const found =
    'topic' in target
      ? await tools.registry.topic(target.topic)
      : await tools.registry.receiver(target.receiver);
  return found !== undefined && isOfLifetime(acting ?? {}, atMs, found) ? found.owner : undefined;
}
