import {
  mayLook,
  owns,
  type Principal,
  requireLook,
  requireOwner,
  scopeName,
} from '../../core/access/access.ts';
import { lifetimeOf } from '../../core/access/acting.ts';
import { checkOperands } from '../../core/filter/operands.ts';
import { BusbarError, declaredConflict } from '../../core/kernel/errors.ts';
import { bus } from '../../core/kernel/limits.ts';
import type { Portion } from '../../core/list/portion.ts';
import { subscribedAgain } from '../../core/registry/drop.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { filterChanges, type Subscription, type SubscriptionSpec } from '../../core/registry/subscription.ts';
import type { Topic } from '../../core/registry/topic.ts';
import { settlesSeconds } from '../../core/routing/choose-route.ts';
import { orderAttribute } from '../../core/routing/order.ts';
import { systemOwner, systemTopicName } from '../../core/system-event/topic.ts';
import type { Parts } from '../../runtime/tools.ts';
import { requireSubscribe } from '../grant/may-use.ts';
import { type PageQuery, pageOf } from '../list/page.ts';
import { type AdminTools, type Put, unknownReceiver } from './admin.ts';
import { getTopic } from './topics.ts';

export type SubscriptionTools = AdminTools & Parts<'grants'>;

export async function getSubscription(
  tools: AdminTools,
  topic: string,
  receiver: string,
): Promise<Subscription> {
  await getTopic(tools, topic);
  const subscription = await tools.registry.subscription(topic, receiver);
  if (subscription !== undefined) return subscription;
  throw new BusbarError(
    'unknown_subscription',
    `The receiver ${receiver} is not subscribed to ${topic}. Subscribe it with PUT /v1/topics/${topic}/subscriptions/${receiver}.`,
  );
}

/** The same for a caller: of a viewer's, one end is its own. @throws BusbarError unknown_subscription, forbidden. */
export async function lookAtSubscription(
  tools: AdminTools,
  principal: Principal,
  topic: string,
  receiver: string,
): Promise<Subscription> {
  const subscription = await getSubscription(tools, topic, receiver);
  const sink = await tools.registry.receiver(receiver);
  if (sink !== undefined && mayLook(principal, sink.owner)) return subscription;
  // Alerts are each application's own.
  if (topic === systemTopicName)
    requireOwner(principal, sink?.owner ?? systemOwner, `The receiver ${receiver}`);
  const { owner } = await getTopic(tools, topic);
  requireLook(principal, owner, `The topic ${topic}`);
  return subscription;
}

export async function listSubscriptions(
  tools: AdminTools,
  principal: Principal,
  topic: string,
  query: PageQuery,
): Promise<{ subscriptions: Subscription[]; cursor?: string }> {
  const { owner } = await getTopic(tools, topic);
  requireLook(principal, owner, `The topic ${topic}`);
  const { items: subscriptions, ...rest } = await pageOf(
    ['subscriptions', topic, topic === systemTopicName ? scopeName(principal) : ''],
    query,
    async (after, limit) => {
      const { items, last } = await tools.registry.subscriptionsAfter(topic, after, limit);
      return { items: topic === systemTopicName ? await ownOf(tools, principal, items) : items, last };
    },
    (subscription) => subscription,
  );
  return { subscriptions, ...rest };
}

/** Of the alerts of all applications, the caller's. */
async function ownOf(
  { registry }: Pick<AdminTools, 'registry'>,
  principal: Principal,
  items: Portion<Subscription>['items'],
): Promise<Portion<Subscription>['items']> {
  const receivers = await registry.receiversNamed(items.map(({ item }) => item.receiver));
  return items.filter(({ item }) => owns(principal, receivers.get(item.receiver)?.owner));
}

/** What a receiver that the caller owns is subscribed to. @throws BusbarError unknown_receiver, forbidden. */
export async function listSubscriptionsOf(
  tools: Pick<AdminTools, 'registry'>,
  principal: Principal,
  name: string,
  query: PageQuery,
): Promise<{ subscriptions: Subscription[]; cursor?: string }> {
  const receiver = await tools.registry.receiver(name);
  if (receiver === undefined) throw unknownReceiver(name);
  requireOwner(principal, receiver.owner, `The receiver ${name}`);
  const { items: subscriptions, ...rest } = await pageOf(
    ['subscriptions of', name],
    query,
    tools.registry.allSubscriptionsAfter,
    (subscription) => (subscription.receiver === name ? subscription : undefined),
  );
  return { subscriptions, ...rest };
}

/** A subscription, and until when events may still go by what it was. */
export type SettlingSubscription = Subscription & { readonly effectiveWithinSeconds: number };

/** The caller owns the receiver; the topic is its own, or lets it subscribe. */
export async function putSubscription(
  tools: SubscriptionTools,
  principal: Principal,
  topic: string,
  receiver: string,
  { filter }: SubscriptionSpec,
): Promise<Put<SettlingSubscription>> {
  const { source, sink } = await requireBothEnds(tools, topic, receiver);
  requireOwner(principal, sink.owner, `The receiver ${receiver}`);
  await requireSubscribe(tools, principal, source, receiver, filter);
  const { application, role } = principal;
  const by = topic === systemTopicName ? { application, role } : undefined;
  const put = await writeSubscription(tools, source, sink, filter, by);
  await requireUnchanged(tools, principal, { source, sink }, put.document);
  const { length } = await tools.registry.cachedSubscriptions(topic);
  const isOrdered = orderAttribute(source) !== undefined;
  return {
    ...put,
    document: { ...put.document, effectiveWithinSeconds: settlesSeconds({ isOrdered }, length) },
  };
}

/**
 * Takes a subscription back whose ends were deleted, made anew or given away while it was written, or whose grant was
 * revoked: who did that may have looked for subscriptions before. @throws BusbarError what a put is refused with by now.
 */
async function requireUnchanged(
  tools: SubscriptionTools,
  principal: Principal,
  before: { readonly source: Topic; readonly sink: Receiver },
  { filter, declared }: Subscription,
): Promise<void> {
  const { topic } = before.source;
  const { receiver } = before.sink;
  try {
    const { source, sink } = await requireBothEnds(tools, topic, receiver);
    const isSame = (one: Topic | Receiver, other: Topic | Receiver) =>
      one.owner === other.owner && lifetimeOf(one) === lifetimeOf(other);
    if (!isSame(source, before.source) || !isSame(sink, before.sink)) {
      requireOwner(principal, sink.owner, `The receiver ${receiver}`);
    }
    await requireSubscribe(tools, principal, source, receiver, filter);
  } catch (error) {
    if (!(error instanceof BusbarError)) throw error;
    if (!declared) await takeBackSubscription(tools, before.source, receiver);
    throw error;
  }
}

/**
 * Ends a subscription that should not have been made, also when one of its ends is gone by now.
 * @throws BusbarError declared.
 */
export async function takeBackSubscription(
  tools: Pick<AdminTools, 'registry' | 'provision'>,
  source: Topic,
  receiver: string,
): Promise<void> {
  await tools.registry.deleteSubscription(source.topic, receiver, (subscription) =>
    unsubscribe(tools, source, subscription),
  );
}

/** Ends at SNS what the caller may end. */
async function unsubscribe(
  { provision }: Pick<AdminTools, 'provision'>,
  source: Topic,
  { topic, receiver, declared }: Subscription,
): Promise<void> {
  if (declared) throw declaredConflict(`The subscription of ${receiver} to ${topic}`);
  await provision.deleteSubscription(topic, receiver, orderAttribute(source) !== undefined);
}

/**
 * Makes or changes a subscription, whoever may want it.
 * @param by who subscribes, of the system topic.
 * @throws BusbarError invalid_filter.
 */
export async function writeSubscription(
  tools: AdminTools,
  source: Topic,
  sink: Receiver,
  filter: SubscriptionSpec['filter'],
  by?: Subscription['by'],
): Promise<Put<Subscription>> {
  const { topic } = source;
  const { receiver } = sink;
  const isOrdered = orderAttribute(source) !== undefined;
  // SNS, which checks the other filters, does not see this one.
  if (topic === systemTopicName && filter !== undefined) checkOperands(filter);
  const before = await tools.registry.subscription(topic, receiver);
  const beganMs = tools.clock.now();
  await endDrop(tools, topic, receiver, beganMs);
  try {
    await tools.provision.putSubscription(topic, receiver, { filter, isOrdered }, sink);
  } catch (error) {
    // SNS defines the filter language and has the last word.
    if ((error as Error).name !== 'InvalidParameterException') throw error;
    throw new BusbarError('invalid_filter', `filter: ${(error as Error).message}`, { cause: error });
  }
  const now = new Date(tools.clock.now()).toISOString();
  const { was, now: document } = await tools.registry.changeSubscription(topic, receiver, (existing) => ({
    topic,
    receiver,
    ...(filter !== undefined && { filter }),
    ...filterChanges(existing, filter, now),
    ...(by !== undefined && { by }),
    declared: existing?.declared ?? false,
    createdAt: existing?.createdAt ?? now,
    updatedAt: now,
  }));
  // A revocation before this grant may have said so meanwhile.
  await endDrop(tools, topic, receiver, beganMs);
  // Another call put it at the same time, and SNS may have received the two filters in the other order.
  if (JSON.stringify(was) !== JSON.stringify(before)) await reconcileFilter(tools, document, isOrdered, sink);
  return { created: was === undefined, document };
}

/** From the time on, a receiver gets the events again that a revocation dropped; SQS may have another clock. */
export async function endDrop(
  { registry }: Pick<AdminTools, 'registry'>,
  topic: string,
  receiver: string,
  atMs: number,
): Promise<void> {
  const ended = (was: Receiver | undefined) => {
    if (was === undefined) throw unknownReceiver(receiver);
    return subscribedAgain(was, topic, atMs - bus.clockSkewSeconds * 1000);
  };
  await registry.changeReceiver(receiver, ended);
}

/** Makes SNS match the registry, until both stay the same. */
async function reconcileFilter(
  tools: AdminTools,
  written: Subscription,
  isOrdered: boolean,
  sink: Receiver,
): Promise<void> {
  const { topic, receiver } = written;
  for (let applied: Subscription | undefined = written; ; ) {
    if (applied === undefined) await tools.provision.deleteSubscription(topic, receiver, isOrdered);
    else await tools.provision.putSubscription(topic, receiver, { filter: applied.filter, isOrdered }, sink);
    const current = await tools.registry.subscription(topic, receiver);
    if (JSON.stringify(current) === JSON.stringify(applied)) return;
    applied = current;
  }
}

/** Either side ends a subscription: the owner of the topic, or that of the receiver. */
export async function deleteSubscription(
  tools: AdminTools,
  principal: Principal,
  topic: string,
  receiver: string,
): Promise<void> {
  await getSubscription(tools, topic, receiver);
  await removeSubscription(tools, topic, receiver, ({ source, sink }) => {
    if (!owns(principal, source.owner)) requireOwner(principal, sink.owner, `The receiver ${receiver}`);
  });
}

/** Ends a subscription, if there is one. @throws BusbarError declared, and what the check throws. */
export async function removeSubscription(
  tools: AdminTools,
  topic: string,
  receiver: string,
  check: (ends: { readonly source: Topic; readonly sink: Receiver }) => void = () => undefined,
): Promise<void> {
  await tools.registry.deleteSubscription(topic, receiver, async (subscription) => {
    const ends = await requireBothEnds(tools, topic, receiver);
    check(ends);
    await unsubscribe(tools, ends.source, subscription);
  });
}

async function requireBothEnds(
  tools: Pick<AdminTools, 'registry'>,
  topic: string,
  receiver: string,
): Promise<{ source: Topic; sink: Receiver }> {
  const source = await getTopic(tools, topic);
  const sink = await tools.registry.receiver(receiver);
  if (sink === undefined) throw unknownReceiver(receiver);
  return { source, sink };
}
