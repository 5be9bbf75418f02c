import type { Target } from '../../core/event/target.ts';
import type { HeldEvent, Kept } from '../../core/hold/held.ts';
import { admit, type Hold } from '../../core/hold/hold.ts';
import { sleep } from '../../core/kernel/sleep.ts';
import type { SendFailure } from '../../runtime/aws/topics.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type RouteTools, route } from '../routing/route.ts';
import { type ApplyHoldTools, applyHold } from './apply-hold.ts';

/** How often a publisher checks whether the release has ended. */
const releaseGatePollMs = 100;

export type RouteOrHoldTools = RouteTools & ApplyHoldTools & Tools<'registry' | 'held'>;

/** What became of an event: on its way, held, or why AWS did not take it. */
export type RoutedOrHeld = 'routed' | 'held' | SendFailure;

/**
 * Sends events on their way, or stores them where their topic is on hold. Everything that goes to a topic comes
 * through here but what a release itself sends.
 *
 * A topic says from memory whether it may be on hold; only then is the hold itself read, before and after the events
 * are stored. What was stored while the release ended is taken along by it, or sent from here.
 */
export async function routeOrHold(
  tools: RouteOrHoldTools,
  target: Target,
  events: readonly HeldEvent[],
): Promise<RoutedOrHeld[]> {
  if (events.length === 0) return [];
  try {
    return await decideAndAct(tools, target, events);
  } catch (error) {
    // Whether or not the events were stored by then: nobody was told so, and a second one has the same id.
    return events.map(() => ({ retryable: true, reason: String(error) }));
  }
}

async function decideAndAct(
  tools: RouteOrHoldTools,
  target: Target,
  events: readonly HeldEvent[],
): Promise<RoutedOrHeld[]> {
  const hold = 'topic' in target ? await holdOf(tools, target.topic) : undefined;
  if (hold === undefined) return routed(await route(tools, target, events));
  const results = await tools.held.put(hold, events);
  const kept = results.flatMap((result) => (result instanceof Error ? [] : [result]));
  await countStored(tools, hold, kept);
  const late = await settle(tools, hold, kept);
  return results.map((result): RoutedOrHeld => {
    if (!(result instanceof Error)) return late.get(result) ?? 'held';
    return { retryable: true, reason: String(result) };
  });
}

const routed = (failures: readonly (SendFailure | undefined)[]): RoutedOrHeld[] =>
  failures.map((failure) => failure ?? 'routed');

/** The hold in which events of a topic are to be stored now; undefined when they go on their way. */
async function holdOf(tools: RouteOrHoldTools, topic: string): Promise<Hold | undefined> {
  if ((await tools.registry.cachedTopic(topic))?.hold === undefined) return undefined;
  const hold = await openOrOver(tools, topic);
  return admit(hold, tools.clock.now()) === 'store' ? hold : undefined;
}

/** The hold as it is, once it is not about to end. Nobody waits for a release that died over its end. */
async function openOrOver(tools: RouteOrHoldTools, topic: string): Promise<Hold | undefined> {
  for (;;) {
    const hold = await tools.holds.find(topic);
    if (admit(hold, tools.clock.now()) !== 'wait') return hold;
    const { hold: now, changed } = await applyHold(tools, topic, { kind: 'reopen' });
    if (changed) return now;
    await sleep(tools.clock, releaseGatePollMs);
  }
}

/**
 * Makes sure that what was stored is released. A release that looked for the last time before may not have seen it: as
 * long as the hold is open after the events were stored, the last look is yet to come.
 * @returns what became of those that were sent from here, because the hold was over by then.
 */
async function settle(
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
    // What could not be sent is refused, and must not come up later either.
    await tools.held.remove(hold, missed);
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
    // The events are stored; only what is shown of them is too low.
    tools.log('warn', 'Held events could not be counted', { topic: hold.topic, reason: String(error) });
  }
}
