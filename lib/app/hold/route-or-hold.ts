import type { Target } from '../../core/event/target.ts';
import type { HeldEvent, Kept } from '../../core/hold/held.ts';
import { type Hold, holdAction } from '../../core/hold/hold.ts';
import type { BusbarError } from '../../core/kernel/errors.ts';
import { sleep } from '../../core/kernel/sleep.ts';
import type { SendFailure } from '../../runtime/aws/topics.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type Counting, giveBackHeld, heldStored, takeStored, type UsageTools } from '../access/stored.ts';
import { type NoteTools, noteWaiting } from '../list/note-waiting.ts';

import { type RouteTools, route } from '../routing/route.ts';
import { type ApplyHoldTools, applyHold } from './apply-hold.ts';

/** How often a publisher checks whether the release has ended. */
const releaseGatePollMs = 100;

export type RouteOrHoldTools = RouteTools & ApplyHoldTools & NoteTools & UsageTools & Tools<'held'>;

/** The result for an event: on its way, held, or why AWS did not take it, or which quota refused that it is held. */
export type RoutedOrHeld = 'routed' | 'held' | (SendFailure & { readonly refusal?: BusbarError });

/**
 * Routes events, or stores them when their topic is on hold. Every event for a topic comes through here, except what a
 * release itself sends.
 *
 * The cached topic says whether it may be on hold; only then is the hold itself read, before and after the events are
 * stored. Events that were stored while the release ended are sent by the release, or from here.
 */
export async function routeOrHold(
  tools: RouteOrHoldTools,
  target: Target,
  events: readonly HeldEvent[],
  counting: Counting,
): Promise<RoutedOrHeld[]> {
  if (events.length === 0) return [];
  try {
    return await decideAndAct(tools, target, events, counting);
  } catch (error) {
    // The events may be stored by then, but the caller was not told so, and a second one has the same id.
    return events.map(() => ({ retryable: true, reason: String(error) }));
  }
}

async function decideAndAct(
  tools: RouteOrHoldTools,
  target: Target,
  events: readonly HeldEvent[],
  counting: Counting,
): Promise<RoutedOrHeld[]> {
  const hold = 'topic' in target ? await holdOf(tools, target.topic) : undefined;
  if (hold === undefined) return routed(await route(tools, target, events));
  const refusal = await takeHeld(tools, hold, events, counting);
  if (refusal !== undefined) {
    return events.map(() => ({ retryable: true, reason: refusal.message, refusal }));
  }
  // A hold has no end that anybody knows.
  await noteWaiting(tools, target, 'held', undefined);
  const results = await tools.held.put(hold, events);
  const lost = events.filter((_, at) => results[at] instanceof Error);
  await giveBackHeld(tools, hold, lost);
  const kept = results.flatMap((result) => (result instanceof Error ? [] : [result]));
  await countStored(tools, hold, kept);
  const late = await sendMissed(tools, hold, kept);
  return results.map((result): RoutedOrHeld => {
    if (!(result instanceof Error)) return late.get(result) ?? 'held';
    return { retryable: true, reason: String(result) };
  });
}

/** All of them are of one publisher, unless they were delayed and are due, which no quota refuses. */
async function takeHeld(
  tools: RouteOrHoldTools,
  hold: Hold,
  events: readonly HeldEvent[],
  counting: Counting,
): Promise<BusbarError | undefined> {
  for (const [application, stored] of heldStored(hold, events)) {
    const refusal = await takeStored(tools, application, stored, counting);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

const routed = (failures: readonly (SendFailure | undefined)[]): RoutedOrHeld[] =>
  failures.map((failure) => failure ?? 'routed');

/** The hold in which events of a topic are to be stored now; undefined when they are routed. */
async function holdOf(tools: RouteOrHoldTools, topic: string): Promise<Hold | undefined> {
  if ((await tools.registry.cachedTopic(topic))?.hold === undefined) return undefined;
  const hold = await openOrOver(tools, topic);
  return holdAction(hold, tools.clock.now()) === 'store' ? hold : undefined;
}

/** The hold, once it is not about to end. A publisher does not wait for a release that crashed at its end. */
async function openOrOver(tools: RouteOrHoldTools, topic: string): Promise<Hold | undefined> {
  for (;;) {
    const hold = await tools.holds.find(topic);
    if (holdAction(hold, tools.clock.now()) !== 'wait') return hold;
    const { hold: now, changed } = await applyHold(tools, topic, { kind: 'reopen' });
    if (changed) return now;
    await sleep(tools.clock, releaseGatePollMs);
  }
}

/**
 * Makes sure that what was stored is released. A release may have had its last look before and missed it; as long as
 * the hold is still open after the events were stored, the last look is yet to come.
 * @returns the results of the events that were sent from here, because the hold was over by then.
 */
async function sendMissed(
  tools: RouteOrHoldTools,
  hold: Hold,
  kept: readonly Kept[],
): Promise<ReadonlyMap<Kept, RoutedOrHeld>> {
  const late = new Map<Kept, RoutedOrHeld>();
  if (kept.length === 0) return late;
  const now = await openOrOver(tools, hold.topic);
  if (now?.id === hold.id && now.state !== 'released') return late;
  const there = new Set((await tools.held.find(hold, kept)).map(({ sk }) => sk));
  const missed = kept.filter(({ sk }) => there.has(sk));
  const sent = routed(
    await route(
      tools,
      { topic: hold.topic },
      missed.map(({ event }) => event),
    ),
  );
  for (const [at, one] of missed.entries()) late.set(one, sent[at] ?? 'routed');
  try {
    // What could not be sent is rejected, and must not be sent later either.
    await tools.held.remove(hold, missed);
    await giveBackHeld(
      tools,
      hold,
      missed.map(({ event }) => event),
    );
  } catch (error) {
    // The sweep that follows a release sends it once more, with the same id.
    tools.log('warn', 'Held events that were sent could not be removed', {
      topic: hold.topic,
      reason: String(error),
    });
  }
  return late;
}

async function countStored(tools: RouteOrHoldTools, hold: Hold, kept: readonly Kept[]): Promise<void> {
  const byShard = Map.groupBy(kept, ({ shard }) => shard);
  try {
    await Promise.all(
      [...byShard].map(([shard, rows]) => tools.held.count(hold, 'stored', rows.length, shard)),
    );
  } catch (error) {
    // The events are stored; only the count that is shown is too low.
    tools.log('warn', 'Held events could not be counted', { topic: hold.topic, reason: String(error) });
  }
}
