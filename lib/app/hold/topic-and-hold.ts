import type { Principal } from '../../core/access/access.ts';
import { isOpen, type ShownHold } from '../../core/hold/hold.ts';
import type { Topic, TopicSpec } from '../../core/registry/topic.ts';
import type { Put } from '../registry/admin.ts';
import { deleteTopic, getTopic, putTopic, requireDeletable, type TopicTools } from '../registry/topics.ts';
import { dropAllHeld, forgetHold, type HeldTools } from './held.ts';
import { type HoldTools, showCounted } from './hold.ts';

/** A topic as the API shows it: with its hold, if it has one. */
export type ShownTopic = Omit<Topic, 'hold'> & {
  readonly hold?: ShownHold | Pick<ShownHold, 'state' | 'since' | 'by'>;
};

export async function getTopicAndHold(
  tools: Pick<HoldTools, 'registry' | 'holds' | 'held'>,
  name: string,
): Promise<ShownTopic> {
  const { hold: mark, ...topic } = await getTopic(tools, name);
  if (mark === undefined) return topic;
  const hold = await tools.holds.find(name);
  return isOpen(hold) ? { ...topic, hold: await showCounted(tools, hold) } : topic;
}

/** Every topic; holds are shown without counts, which GET of the topic shows. */
export async function listTopicsAndHolds(
  tools: Pick<HoldTools, 'registry' | 'holds'>,
): Promise<{ topics: ShownTopic[] }> {
  const topics = await tools.registry.topics();
  const marked = topics.flatMap(({ topic, hold }) => (hold === undefined ? [] : [topic]));
  const holds = new Map((await tools.holds.findMany(marked)).map((hold) => [hold.topic, hold]));
  return {
    topics: topics.map(({ hold: _, ...topic }): ShownTopic => {
      const hold = holds.get(topic.topic);
      if (!isOpen(hold)) return topic;
      const { state, since, by } = hold;
      return { ...topic, hold: { state: state === 'closing' ? 'releasing' : state, since, by } };
    }),
  };
}

/** Creates or changes a topic. One with a rule is watched from then on. */
export async function putTopicAndWatch(
  tools: TopicTools & HoldTools,
  principal: Principal,
  name: string,
  spec: TopicSpec,
): Promise<Put<ShownTopic>> {
  const { created } = await putTopic(tools, principal, name, spec);
  const document = await getTopicAndHold(tools, name);
  if (document.holdWhen !== undefined) await tools.holdWatches.start(name);
  return { created, document };
}

/**
 * Deletes a topic. Its held events were accepted, so they are deleted only by force.
 * @throws BusbarError in_use when it holds events.
 */
export async function deleteTopicAndHeld(
  tools: TopicTools & HeldTools,
  principal: Principal,
  name: string,
  force: boolean,
): Promise<void> {
  await requireDeletable(tools, principal, name);
  await dropAllHeld(tools, name, force);
  await deleteTopic(tools, principal, name);
  // Events that were published meanwhile go with the topic, as they would a moment later.
  await forgetHold(tools, name);
}
