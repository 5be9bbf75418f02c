import { isReleasing } from '../../core/hold/hold.ts';
import { releaseRoundEvents, releaseSliceSeconds } from '../../core/hold/limits.ts';
import { forgetHold } from './held.ts';
import { followRule, type HoldRuleTools } from './hold-rule.ts';
import { type ReleaseHeldTools, releaseHeld, releaseRound } from './release-held.ts';

export type LookAfterHoldTools = HoldRuleTools & ReleaseHeldTools;

/**
 * Looks after a topic that has a rule or is being released: a schedule calls it every minute, and the begin of a
 * release calls it at once. After a crash, the next call continues where it stopped.
 */
export async function lookAfterHold(tools: LookAfterHoldTools, topic: string): Promise<void> {
  if ((await tools.registry.topic(topic)) === undefined) {
    // It was deleted, and the call that did so may have crashed before the end.
    await forgetHold(tools, topic);
    return;
  }
  const untilMs = tools.clock.now() + releaseSliceSeconds * 1000;
  try {
    await followRule(tools, topic);
  } catch (error) {
    // A release must not depend on what the rule measures.
    tools.log('error', 'The rule of a topic could not be followed', { topic, reason: String(error) });
  }
  await releaseHeld(tools, topic, untilMs);
  await sweepAll(tools, topic);
  if (await needsWatch(tools, topic)) return;
  await tools.holdWatches.stop(topic);
  // A release may have begun in between, relying on the watch that is now gone.
  if (await needsWatch(tools, topic)) await tools.holdWatches.start(topic);
}

async function needsWatch(tools: LookAfterHoldTools, topic: string): Promise<boolean> {
  const document = await tools.registry.topic(topic);
  if (document === undefined) return false;
  if (document.holdWhen !== undefined || isReleasing(await tools.holds.find(topic))) return true;
  return (await tools.holds.sweeps(topic)).length > 0;
}

/**
 * Looks once more for events of finished releases: a publisher that died between storing an event and responding has
 * left one. By now no publisher can be storing there.
 */
async function sweepAll(tools: LookAfterHoldTools, topic: string): Promise<void> {
  for (const sweep of await tools.holds.sweeps(topic)) {
    if (sweep.dueAtMs > tools.clock.now()) continue;
    const name = { topic, id: sweep.hold };
    for (;;) {
      const { count, left, problem } = await releaseRound(
        tools,
        name,
        releaseRoundEvents,
        Number.POSITIVE_INFINITY,
      );
      if (count > 0)
        tools.log('warn', 'Events were left after a release and have been sent', { topic, count });
      if (problem !== undefined) {
        tools.log('error', 'Events that were left after a release could not be sent', {
          topic,
          reason: problem,
        });
        return;
      }
      if (count === 0 && !left) break;
    }
    await tools.held.forgetCounts(name);
    await tools.holds.removeSweep(sweep);
  }
}
