import { type Principal, requireOwner } from '../../core/access/access.ts';
import { incarnationOf } from '../../core/access/acting.ts';
import { requireFreeName } from '../../core/access/application.ts';
import { BusbarError, declaredConflict } from '../../core/kernel/errors.ts';
import type { Patch } from '../../core/kernel/merge-patch.ts';
import { formerSeconds } from '../../core/registry/limits.ts';
import { type EndedSubscription, handedOver } from '../../core/registry/owned.ts';
import { patchedTopic } from '../../core/registry/patch.ts';
import type { Subscription } from '../../core/registry/subscription.ts';
import { schemaVersionOf, type Topic, type TopicSpec } from '../../core/registry/topic.ts';
import { orderAttribute, orderAttributeDefault } from '../../core/routing/order.ts';
import { requireNotSystemTopic } from '../../core/system-event/topic.ts';
import type { Parts, Tools } from '../../runtime/tools.ts';
import { leavePlace, type PlaceTools } from '../access/places.ts';
import { noteTransfer } from '../list/note-waiting.ts';
import { type AdminTools, newIncarnation, ownerOf, type Put, takeOwned, unknownTopic } from './admin.ts';
import { requireNothingBroken } from './breaking.ts';
import { settleTopic } from './hand-over.ts';

export type TopicTools = AdminTools &
  PlaceTools &
  Tools<'schemas' | 'grants' | 'waiting' | 'kept' | 'makeTopics'>;

export async function getTopic(tools: Pick<AdminTools, 'registry'>, name: string): Promise<Topic> {
  const topic = await tools.registry.topic(name);
  if (topic !== undefined) return topic;
  throw unknownTopic(name);
}

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** A topic that was put, and which of its subscriptions ended with its former owner's rights. */
export interface PutTopic extends Put<Topic> {
  readonly ended: readonly EndedSubscription[];
}

/**
 * Creates a topic, or replaces all its settings: what the body leaves out has its default.
 * @param force also when its new schema would refuse events that it accepts now.
 * @throws BusbarError forbidden, invalid_schema, schema_breaks, order_fixed, quota_exceeded, in_use, conflict.
 */
export function putTopic(
  tools: TopicTools,
  principal: Principal,
  name: string,
  spec: TopicSpec,
  force = false,
): Promise<PutTopic> {
  return writeTopic(tools, principal, name, () => spec, force);
}

/** Changes the fields that a merge patch names. @throws BusbarError unknown_topic, and what a put is refused with. */
export async function patchTopic(
  tools: TopicTools,
  principal: Principal,
  name: string,
  patch: Patch,
  force = false,
): Promise<PutTopic> {
  const specOf = (existing: Topic | undefined) => {
    if (existing === undefined) throw unknownTopic(name);
    return patchedTopic(existing, patch);
  };
  return await writeTopic(tools, principal, name, specOf, force);
}

async function writeTopic(
  tools: TopicTools,
  principal: Principal,
  name: string,
  specOf: (existing: Topic | undefined) => TopicSpec,
  force: boolean,
): Promise<PutTopic> {
  requireNotSystemTopic(name);
  const now = new Date(tools.clock.now()).toISOString();
  const fresh = newIncarnation(tools.random);
  const next = (existing: Topic | undefined): Topic => {
    if (existing === undefined) requireMayMake(tools, principal, name);
    else requireOwner(principal, existing.owner, `The topic ${name}`);
    const spec = specOf(existing);
    if (spec.schema !== undefined && !isSame(spec.schema, existing?.schema)) tools.schemas.check(spec.schema);
    if (existing !== undefined) requireSameOrder(existing, orderAttribute(spec));
    const owner = ownerOf(principal, spec.owner, existing, `The topic ${name}`);
    return {
      topic: name,
      ...spec,
      owner,
      ...handedOver(existing, owner, now),
      ...incarnationOf(existing, fresh),
      declared: existing?.declared ?? false,
      createdAt: existing?.createdAt ?? now,
      updatedAt: now,
      ...schemaVersionOf(existing, spec.schema, now),
      ...keptHold(existing),
    };
  };
  // AWS first: what the registry names exists. Before that, check that the caller may do this.
  const before = await tools.registry.topic(name);
  const planned = next(before);
  const isOurs = !planned.declared;
  if (before === undefined) await requireFree(tools, name, planned.owner);
  else if (!force) await requireNothingBroken(tools, before, planned.schema);
  // The order never changes, so that it is the planned one whatever others write meanwhile.
  const isOrdered = orderAttribute(planned) !== undefined;
  if (before?.owner !== planned.owner) {
    await takeOwned(tools, principal, 'topics', name, { before: before?.owner, after: planned.owner });
    if (before !== undefined) await noteTransfer(tools, { topic: name }, planned.owner);
  }
  if (isOurs) await tools.provision.putTopic(name, isOrdered, planned.owner);
  const { was, now: topic } = await tools.registry.changeTopic(name, next);
  // It was deleted meanwhile, perhaps after its AWS resources were put.
  if (isOurs && before !== undefined && was === undefined) {
    await tools.provision.putTopic(name, isOrdered, planned.owner);
  }
  if (was !== undefined && was.owner !== topic.owner) await leavePlace(tools, was.owner, 'topics', name);
  return { created: was === undefined, ...(await settleTopic(tools, topic)) };
}

/** @throws BusbarError forbidden: the name is reserved, or the operator wants to be asked for each topic. */
function requireMayMake({ makeTopics }: TopicTools, { role }: Principal, name: string): void {
  requireFreeName(name);
  if (makeTopics === 'freely' || role === 'admin') return;
  throw new BusbarError(
    'forbidden',
    `On this bus an admin decides about new topics. Ask for it with POST /v1/requests {"kind": "topic", "topic": "${name}", "spec": {…}, "reason": "…"} (busbar requests topic ${name}); it is made when the request is approved.`,
  );
}

/**
 * A topic of another owner that was deleted a moment ago may still be cached by a publisher that is under way: what it
 * sends would reach the receivers of the new one. @throws BusbarError in_use.
 */
async function requireFree(tools: AdminTools, name: string, owner: string): Promise<void> {
  const former = await tools.registry.formerOwner(name);
  if (former === undefined || former === owner) return;
  throw new BusbarError(
    'in_use',
    `A topic ${name} of another application was deleted less than ${formerSeconds} s ago, and events may be on their way to it. Try again in a minute.`,
    { retryAfterSeconds: formerSeconds },
  );
}

/** The order never changes, since new events could overtake those that are under way. */
function requireSameOrder(existing: Topic, attribute: string | undefined): void {
  const before = orderAttribute(existing);
  if (before === attribute) return;
  const { topic } = existing;
  throw new BusbarError(
    'order_fixed',
    before === undefined
      ? `The topic ${topic} was created without an order, which cannot change. Leave \`ordered\` out, or create another topic with it, subscribe the receivers to that one, and publish there.`
      : `The topic ${topic} was created with the order ${before}, which cannot change. Send \`ordered: ${before === orderAttributeDefault ? 'true' : `{"by": "${before}"}`}\` again, or create another topic, subscribe the receivers to that one, and publish there.`,
    { fields: [{ path: 'ordered', detail: 'cannot change after the topic was created' }] },
  );
}

/** A change of the settings of a topic does not release it. */
export const keptHold = (existing: Topic | undefined) =>
  existing?.hold !== undefined && { hold: existing.hold };

/**
 * A topic that the caller may delete, with its subscriptions. @throws BusbarError unknown_topic, forbidden, declared.
 */
export async function requireDeletable(
  tools: Pick<AdminTools, 'registry'>,
  principal: Principal,
  name: string,
): Promise<{ topic: Topic; subscriptions: Subscription[] }> {
  requireNotSystemTopic(name);
  const topic = await getTopic(tools, name);
  requireOwner(principal, topic.owner, `The topic ${name}`);
  const subscriptions = await tools.registry.subscriptions(name);
  if (topic.declared || subscriptions.some((subscription) => subscription.declared)) {
    throw declaredConflict(`The topic ${name}`);
  }
  return { topic, subscriptions };
}

/** Deletes the topic and its subscriptions; events that its receivers already have are delivered. */
export async function deleteTopic(
  tools: AdminTools & Parts<'grants' | 'places' | 'applications'>,
  principal: Principal,
  name: string,
): Promise<void> {
  requireNotSystemTopic(name);
  const { owner } = await getTopic(tools, name);
  await tools.registry.deleteTopic(name, async () => {
    // Checked in here, because a topic that was put meanwhile may have another owner.
    const { topic, subscriptions } = await requireDeletable(tools, principal, name);
    // Before it is gone, so that no crash leaves it unnoted.
    await tools.registry.noteFormerOwner(name, topic.owner);
    await tools.provision.deleteTopic(name, orderAttribute(topic) !== undefined);
    for (const { receiver } of subscriptions) await tools.registry.deleteSubscription(name, receiver);
  });
  // They say which lifetime of the topic they are of, so one that is left behind allows nothing.
  await tools.grants.forget(name);
  await leavePlace(tools, owner, 'topics', name);
}
