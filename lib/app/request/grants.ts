import { owns, type Principal, scopeName } from '../../core/access/access.ts';
import { subscribeMode } from '../../core/access/topic-access.ts';
import { allowsAnything, type Grant, isOf, revoked } from '../../core/grant/grant.ts';
import { BusbarError, declaredConflict } from '../../core/kernel/errors.ts';
import { withDrop } from '../../core/registry/drop.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { Topic } from '../../core/registry/topic.ts';
import type { Tools } from '../../runtime/tools.ts';
import { mayStay } from '../grant/may-use.ts';
import { type PageQuery, pageOf } from '../list/page.ts';
import { type AdminTools, unknownReceiver } from '../registry/admin.ts';
import { removeSubscription } from '../registry/subscriptions.ts';
import { getTopic } from '../registry/topics.ts';

export type GrantTools = AdminTools & Tools<'grants' | 'applications'>;

/** What one application may do with a topic. Times are RFC 3339. */
export interface ShownGrant {
  readonly application: string;
  readonly publish?: { readonly request: string; readonly at: string };
  /** By receiver. */
  readonly subscribe?: Readonly<Record<string, { readonly request: string; readonly at: string }>>;
}

function show({ application, publish, subscribe }: Grant): ShownGrant {
  const receivers = Object.entries(subscribe ?? {}).map(
    ([receiver, { request, at }]) => [receiver, { request, at }] as const,
  );
  return {
    application,
    ...(publish !== undefined && { publish }),
    ...(receivers.length > 0 && { subscribe: Object.fromEntries(receivers) }),
  };
}

/** The owner of the topic sees all, everybody else its own. */
export async function listGrants(
  tools: GrantTools,
  principal: Principal,
  name: string,
  query: PageQuery,
): Promise<{ grants: ShownGrant[]; cursor?: string }> {
  const topic = await getTopic(tools, name);
  const { items: grants, ...rest } = await pageOf(
    ['grants', name, scopeName(principal)],
    query,
    (after, limit) => tools.grants.after(name, after, limit),
    (grant) => {
      const stands = isOf(grant, topic) && allowsAnything(grant);
      const maySee = owns(principal, topic.owner) || owns(principal, grant.application);
      return stands && maySee ? show(grant) : undefined;
    },
  );
  return { grants, ...rest };
}

/**
 * Ends what an application may do with a topic, and its subscriptions. Publishing ends within 5 seconds; events that wait
 * for its receivers are delivered, unless the owner of the topic drops them. Repeated, it completes a revocation that was
 * interrupted, or drops what an earlier one left.
 * @param drop also what was accepted and waits: for its receivers, and of what it published for this topic.
 * @throws BusbarError unknown_topic, unknown_grant, forbidden, declared.
 */
export async function revokeGrant(
  tools: GrantTools,
  principal: Principal,
  name: string,
  application: string,
  drop = false,
): Promise<void> {
  const topic = await getTopic(tools, name);
  requireParty(principal, topic, application, drop);
  const at = new Date(tools.clock.now()).toISOString();
  const unknownGrant = () =>
    new BusbarError('unknown_grant', `${application} has no grant on the topic ${name}.`);
  const stands = (grant: Grant | undefined) =>
    grant !== undefined && isOf(grant, topic) && allowsAnything(grant);
  // Where anybody may subscribe, a subscription is no trace of a grant.
  const isGranted = stands(await tools.grants.find(name, application));
  if (!isGranted && subscribeMode(topic) === 'anyone') throw unknownGrant();
  // The grant first: what is subscribed from now on is refused, or taken back.
  const changed = await tools.grants.change(name, application, (was) =>
    isOf(was, topic) ? revoked(was, at, drop) : was,
  );
  const revocation = changed !== undefined && isOf(changed.now, topic) ? changed.now.revoked : undefined;
  const isNewDrop = revocation?.droppedAt !== changed?.was.revoked?.droppedAt;
  const droppedAt = drop ? (revocation?.droppedAt ?? at) : undefined;
  const hasEnded = await endSubscriptions(tools, topic, application, revocation?.receivers ?? [], droppedAt);
  if (!stands(changed?.was) && !isNewDrop && !hasEnded) throw unknownGrant();
}

/** Either party ends a grant; only the owner of the topic drops its events. */
function requireParty(principal: Principal, topic: Topic, application: string, drop: boolean): void {
  if (owns(principal, topic.owner)) return;
  if (!owns(principal, application)) {
    throw new BusbarError(
      'forbidden',
      `The owner of ${topic.topic}, ${topic.owner}, ends what ${application} may do with it, or ${application} itself.`,
    );
  }
  if (!drop) return;
  throw new BusbarError(
    'forbidden',
    `Only the owner of ${topic.topic}, ${topic.owner}, drops what waits. End the grant without drop, and drop what your receivers have with POST /v1/receivers/{receiver}/skip.`,
  );
}

/**
 * Ends the subscriptions of an application, and those of its children that rested on its grant.
 * @param granted the receivers that may have had a subscription before.
 * @param droppedAt RFC 3339, when what waits is dropped; undefined when it is delivered.
 * @returns whether anything was ended or dropped by it.
 */
async function endSubscriptions(
  tools: GrantTools,
  topic: Topic,
  application: string,
  granted: readonly string[],
  droppedAt: string | undefined,
): Promise<boolean> {
  const { topic: name } = topic;
  const subscriptions = new Map(
    (await tools.registry.subscriptions(name)).map((each) => [each.receiver, each] as const),
  );
  const candidates = new Set([...subscriptions.keys(), ...(droppedAt === undefined ? [] : granted)]);
  const sinks = await tools.registry.receiversNamed([...candidates]);
  let hasEnded = false;
  let declared: string | undefined;
  for (const [receiver, sink] of sinks) {
    const subscription = subscriptions.get(receiver);
    if (!(await rested(tools, topic, application, sink, subscription))) continue;
    if (subscription?.declared) {
      declared ??= receiver;
      continue;
    }
    // The mark first: repeated, the call finds the subscription.
    if (droppedAt !== undefined && (await dropWaiting(tools, receiver, name, droppedAt))) hasEnded = true;
    if (subscription === undefined) continue;
    await removeSubscription(tools, name, receiver);
    hasEnded = true;
  }
  if (declared !== undefined) throw declaredConflict(`The subscription of ${declared} to ${name}`);
  return hasEnded;
}

/** Whether a receiver got a topic's events by what an application was granted. */
async function rested(
  tools: GrantTools,
  topic: Topic,
  application: string,
  sink: Receiver,
  subscription: { readonly filter?: unknown } | undefined,
): Promise<boolean> {
  if (application === topic.owner) return false;
  if (sink.owner === application) return true;
  if ((await tools.applications.find(sink.owner))?.parent !== application) return false;
  return subscription === undefined || !(await mayStay(tools, topic, sink, subscription.filter));
}

/** @returns whether this call is the first to drop it. */
async function dropWaiting(
  tools: GrantTools,
  receiver: string,
  topic: string,
  droppedAt: string,
): Promise<boolean> {
  try {
    const { was, now } = await tools.registry.changeReceiver(receiver, (existing) => {
      if (existing === undefined) throw unknownReceiver(receiver);
      return withDrop(existing, topic, droppedAt, tools.clock.now());
    });
    return was !== now;
  } catch (error) {
    // Nothing waits for it any more.
    if (error instanceof BusbarError && error.code === 'unknown_receiver') return false;
    throw error;
  }
}
