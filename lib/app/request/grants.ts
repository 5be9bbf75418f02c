import { owns, type Principal, scopeName } from '../../core/access/access.ts';
import { lifetimeOf } from '../../core/access/acting.ts';
import { subscribeMode } from '../../core/access/topic-access.ts';
import type { Grant } from '../../core/grant/grant.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type PageQuery, pageOf } from '../list/page.ts';
import type { AdminTools } from '../registry/admin.ts';
import { removeSubscription } from '../registry/subscriptions.ts';
import { getTopic } from '../registry/topics.ts';

export type GrantTools = AdminTools & Tools<'grants'>;

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
      const isOf = grant.topicLifetime === lifetimeOf(topic);
      const maySee = owns(principal, topic.owner) || owns(principal, grant.application);
      return isOf && maySee ? show(grant) : undefined;
    },
  );
  return { grants, ...rest };
}

/**
 * Ends what an application may do with a topic, and its subscriptions. Publishing ends within 5 seconds; events that wait
 * for its receivers are delivered. Repeated, it completes a revocation that was interrupted.
 * @throws BusbarError unknown_topic, unknown_grant, forbidden.
 */
export async function revokeGrant(
  tools: GrantTools,
  principal: Principal,
  name: string,
  application: string,
): Promise<void> {
  const topic = await getTopic(tools, name);
  if (!owns(principal, topic.owner) && !owns(principal, application)) {
    throw new BusbarError(
      'forbidden',
      `The owner of ${name}, ${topic.owner}, ends what ${application} may do with it, or ${application} itself.`,
    );
  }
  const grant = await tools.grants.find(name, application);
  const unknownGrant = () =>
    new BusbarError('unknown_grant', `${application} has no grant on the topic ${name}.`);
  // Where anybody may subscribe, a subscription is no trace of a grant.
  if (grant === undefined && subscribeMode(topic) === 'anyone') throw unknownGrant();
  // The grant first: what is subscribed from now on is refused, or taken back.
  if (grant !== undefined) await tools.grants.delete(name, application);
  let hasEnded = grant !== undefined;
  for (const { receiver } of await tools.registry.subscriptions(name)) {
    const sink = await tools.registry.receiver(receiver);
    if (sink?.owner === application && application !== topic.owner) {
      await removeSubscription(tools, name, receiver);
      hasEnded = true;
    }
  }
  if (!hasEnded) throw unknownGrant();
}
