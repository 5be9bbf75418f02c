import { type Principal, requireOwner } from '../../core/access/access.ts';
import {
  type Hold,
  type HoldSpec,
  isOpen,
  notOnHold,
  type ShownHold,
  showHold,
} from '../../core/hold/hold.ts';
import { sleep } from '../../core/kernel/sleep.ts';
import type { Topic } from '../../core/registry/topic.ts';
import { requireNotSystemTopic } from '../../core/system-event/topic.ts';
import type { Tools } from '../../runtime/tools.ts';
import type { AdminTools } from '../registry/admin.ts';
import { getTopic } from '../registry/topics.ts';
import { type ApplyHoldTools, applyHold } from './apply-hold.ts';
import { forgetMark } from './release-held.ts';

/**
 * How far the clocks of two instances may be apart. Lambda keeps them within milliseconds. A promise "from now on" waits
 * this much longer, since other instances decide by their own clocks.
 */
const clockSkewMs = 1000;

/** What a change of a hold needs, by hand or by rule. */
export type ChangeHoldTools = ApplyHoldTools & Tools<'registry' | 'held' | 'holdWatches'>;

export type HoldTools = AdminTools & ChangeHoldTools & Tools<'wake'>;

/** @throws BusbarError unknown_topic, forbidden. */
export async function ownTopic(
  tools: Pick<AdminTools, 'registry'>,
  principal: Principal,
  name: string,
): Promise<Topic> {
  const topic = await getTopic(tools, name);
  requireOwner(principal, topic.owner, `The topic ${name}`);
  return topic;
}

/**
 * Puts a topic on hold, or stops its release. Returns when every publisher knows: events published after that are held.
 */
export async function putHold(
  tools: HoldTools,
  principal: Principal,
  name: string,
  { reason }: HoldSpec,
): Promise<ShownHold> {
  requireNotSystemTopic(name);
  await ownTopic(tools, principal, name);
  const hold = await begin(tools, name, {
    by: 'hand',
    application: principal.application,
    ...(reason !== undefined && { reason }),
  });
  await sleep(tools.clock, hold.fromMs + clockSkewMs - tools.clock.now());
  return await showCounted(tools, hold);
}

/**
 * Begins a hold. Publishers read the hold only when the topic is marked, and need time to read the topic again: the
 * mark is written first, and the hold begins when no publisher can have the topic without the mark cached.
 */
export async function begin(
  tools: ChangeHoldTools,
  topic: string,
  how: { readonly by: 'hand' | 'rule'; readonly application?: string; readonly reason?: string },
): Promise<Hold> {
  for (;;) {
    const was = await tools.holds.find(topic);
    // Marked with a new value, so the end of an earlier hold, which may be under way, leaves the mark alone.
    if (was?.state !== 'holding') await mark(tools, topic, `starting-${tools.random.uuid()}`);
    const { hold } = await applyHold(tools, topic, { kind: 'hold', ...how });
    if (hold === undefined) throw new Error(`The hold of ${topic} was not written.`);
    await mark(tools, topic, hold.id);
    // It may have ended before the mark had its id.
    if (isOpen(await tools.holds.find(topic))) return hold;
    await forgetMark(tools, topic, hold.id);
  }
}

async function mark(tools: ChangeHoldTools, topic: string, id: string): Promise<void> {
  await getTopic(tools, topic);
  await tools.registry.changeTopic(topic, (was) => {
    if (was === undefined) throw new Error(`The topic ${topic} was deleted meanwhile.`);
    return was.hold === id ? was : { ...was, hold: id };
  });
}

/** Begins to release a topic, or changes the rate of its release. */
export async function releaseHold(
  tools: HoldTools,
  principal: Principal,
  name: string,
  { perSecond }: { readonly perSecond?: number | undefined },
): Promise<ShownHold> {
  await ownTopic(tools, principal, name);
  const { hold } = await applyHold(tools, name, {
    kind: 'release',
    by: 'hand',
    ...(perSecond !== undefined && { perSecond }),
  });
  if (hold === undefined) throw notOnHold(name);
  if (hold.state !== 'released') {
    // The watch first: with it the release continues even if this call crashes.
    await tools.holdWatches.start(name);
    try {
      await tools.wake.hold(name);
    } catch (error) {
      tools.log('warn', 'A release could not begin at once; it begins within a minute', {
        topic: name,
        reason: String(error),
      });
    }
  }
  return await showCounted(tools, hold);
}

export async function getHold(tools: HoldTools, principal: Principal, name: string): Promise<ShownHold> {
  await ownTopic(tools, principal, name);
  const hold = await tools.holds.find(name);
  if (hold === undefined) throw notOnHold(name);
  return await showCounted(tools, hold);
}

/** The hold as the API shows it, with how many events it has. */
export const showCounted = async (tools: Pick<ChangeHoldTools, 'held'>, hold: Hold): Promise<ShownHold> =>
  showHold(hold, await tools.held.counts(hold));
