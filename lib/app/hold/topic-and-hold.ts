import { mayLook, type Principal, requireLook } from '../../core/access/access.ts';
import { isOpen, type ShownHold } from '../../core/hold/hold.ts';
import type { Patch } from '../../core/kernel/merge-patch.ts';
import type { EndedSubscription } from '../../core/registry/owned.ts';
import type { Topic, TopicEntry, TopicSpec } from '../../core/registry/topic.ts';
import type { UsageTools } from '../access/stored.ts';
import { type NamedPageQuery, pageOf, prefixPart } from '../list/page.ts';
import type { Put } from '../registry/admin.ts';
import {
  deleteTopic,
  getTopic,
  patchTopic,
  putTopic,
  requireDeletable,
  type TopicTools,
} from '../registry/topics.ts';
import { dropAllHeld, forgetHold, type HeldTools } from './held.ts';
import { type HoldTools, showCounted } from './hold.ts';

/** A topic as the API shows it: with its hold, if it has one. */
export type ShownTopic = Omit<Topic, 'hold' | 'schemaVersions'> & {
  readonly hold?: ShownHold;
  /** Those that ended because the call gave the topic to another application. */
  readonly endedSubscriptions?: readonly EndedSubscription[];
};

/** A topic in a list. */
export type ListedTopic = Omit<TopicEntry, 'hold' | 'schemaVersions'> & {
  readonly hold?: Pick<ShownHold, 'state' | 'since' | 'by'>;
};

export async function getTopicAndHold(
  tools: Pick<HoldTools, 'registry' | 'holds' | 'held'>,
  name: string,
): Promise<ShownTopic> {
  const { hold: mark, schemaVersions: _, ...topic } = await getTopic(tools, name);
  if (mark === undefined) return topic;
  const hold = await tools.holds.find(name);
  return isOpen(hold) ? { ...topic, hold: await showCounted(tools, hold) } : topic;
}

/** The same for a caller. @throws BusbarError unknown_topic, forbidden. */
export async function lookAtTopic(
  tools: Pick<HoldTools, 'registry' | 'holds' | 'held'>,
  principal: Principal,
  name: string,
): Promise<ShownTopic> {
  const topic = await getTopicAndHold(tools, name);
  requireLook(principal, topic.owner, `The topic ${name}`);
  return topic;
}

/** Topics without their schemas; holds are shown without counts. GET of a topic shows both. */
export async function listTopicsAndHolds(
  tools: Pick<HoldTools, 'registry' | 'holds'>,
  principal: Principal,
  query: NamedPageQuery,
): Promise<{ topics: ListedTopic[]; cursor?: string }> {
  const { items, ...rest } = await pageOf(
    ['topics', ...(principal.role === 'viewer' ? [principal.application] : []), ...prefixPart(query.prefix)],
    query,
    (after, limit) => tools.registry.topicsAfter(after, limit, query.prefix),
    (topic) => (mayLook(principal, topic.owner) ? topic : undefined),
  );
  const marked = items.flatMap(({ topic, hold }) => (hold === undefined ? [] : [topic]));
  const holds = new Map((await tools.holds.findMany(marked)).map((hold) => [hold.topic, hold]));
  const topics = items.map(({ hold: _1, schemaVersions: _2, ...topic }): ListedTopic => {
    const hold = holds.get(topic.topic);
    if (!isOpen(hold)) return topic;
    const { state, since, by } = hold;
    return { ...topic, hold: { state: state === 'closing' ? 'releasing' : state, since, by } };
  });
  return { topics, ...rest };
}

/** Creates or changes a topic. One with a rule is watched from then on. */
export async function putTopicAndWatch(
  tools: TopicTools & HoldTools & UsageTools,
  principal: Principal,
  name: string,
  spec: TopicSpec,
  force = false,
): Promise<Put<ShownTopic>> {
  // The deletion of an earlier topic may have broken off.
  if ((await tools.registry.topic(name)) === undefined) await forgetHold(tools, name);
  const { created, ended } = await putTopic(tools, principal, name, spec, force);
  return { created, document: { ...(await watched(tools, name)), ...endedOf(ended) } };
}

/** The same for the fields that a merge patch names. */
export async function patchTopicAndWatch(
  tools: TopicTools & HoldTools & UsageTools,
  principal: Principal,
  name: string,
  patch: Patch,
  force = false,
): Promise<ShownTopic> {
  const { ended } = await patchTopic(tools, principal, name, patch, force);
  return { ...(await watched(tools, name)), ...endedOf(ended) };
}

const endedOf = (ended: readonly EndedSubscription[]) =>
  ended.length === 0 ? {} : { endedSubscriptions: ended };

async function watched(tools: TopicTools & HoldTools, name: string): Promise<ShownTopic> {
  const topic = await getTopicAndHold(tools, name);
  if (topic.holdWhen !== undefined) await tools.holdWatches.start(name);
  return topic;
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
