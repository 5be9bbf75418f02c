import { lifetimeOf } from '../access/acting.ts';
import { type Access, subscribeMode } from '../access/topic-access.ts';
import type { Filter } from '../filter/filter.ts';

/** What approved requests allow one application to do with one topic, until revoked. */
export interface Grant {
  readonly topic: string;
  readonly application: string;
  /** The lifetime of the topic, with which its grants end. */
  readonly topicLifetime: string;
  /** Set when it may publish. */
  readonly publish?: Granted;
  /** The receivers that it may subscribe, each with the filter that was approved. */
  readonly subscribe?: Readonly<Record<string, GrantedSubscription>>;
  /** Set once it was revoked, also after it was granted anew. */
  readonly revoked?: Revocation;
}

export interface Revocation {
  /** The last time. RFC 3339. */
  readonly at: string;
  /** The receivers that it could subscribe, of all revocations. */
  readonly receivers: readonly string[];
  /** The last time that the owner of the topic dropped what was waiting. RFC 3339. */
  readonly droppedAt?: string;
}

export interface Granted {
  /** The request that was approved. */
  readonly request: string;
  /** RFC 3339. */
  readonly at: string;
}

export interface GrantedSubscription extends Granted {
  readonly filter?: Filter | undefined;
}

/** A topic as far as its grants depend on it. */
type Granting = Parameters<typeof lifetimeOf>[0];

/** Whether a grant is of this topic, and not of an earlier one of its name. */
export const isOf = (grant: Grant, topic: Granting): boolean => grant.topicLifetime === lifetimeOf(topic);

export const grantsPublish = (grant: Grant | undefined, topic: Granting): boolean =>
  grant !== undefined && isOf(grant, topic) && grant.publish !== undefined;

/** Whether the subscription of a receiver by this very filter was approved: a wider one is asked for anew. */
export function grantsSubscription(
  grant: Grant | undefined,
  topic: Granting,
  receiver: string,
  filter: unknown,
): boolean {
  if (grant === undefined || !isOf(grant, topic) || !Object.hasOwn(grant.subscribe ?? {}, receiver))
    return false;
  return JSON.stringify(grant.subscribe?.[receiver]?.filter) === JSON.stringify(filter);
}

/** Whether a grant allows anything; a revoked one is kept for what its revocation says. */
export const allowsAnything = ({ publish, subscribe = {} }: Grant): boolean =>
  publish !== undefined || Object.keys(subscribe).length > 0;

/**
 * A grant after it was revoked: it allows nothing. One that was revoked before may still be told to drop what waits.
 * @param at RFC 3339.
 */
export function revoked(was: Grant, at: string, drop: boolean): Grant {
  const { topic, application, topicLifetime, subscribe = {}, revoked: before } = was;
  const revokedAt = allowsAnything(was) ? at : (before?.at ?? at);
  const receivers = [...new Set([...(before?.receivers ?? []), ...Object.keys(subscribe)])];
  // Repeated, it drops by the revocation that is completed, and nothing that came since.
  const isDropped = before?.droppedAt !== undefined && before.droppedAt >= revokedAt;
  const droppedAt = drop && !isDropped ? at : before?.droppedAt;
  return {
    topic,
    application,
    topicLifetime,
    revoked: { at: revokedAt, receivers, ...(droppedAt !== undefined && { droppedAt }) },
  };
}

/** What the owner of the topic dropped of what an application had waiting for it, epoch milliseconds; what came later goes. */
export function droppedBeforeMs(grant: Grant | undefined, topic: Granting): number | undefined {
  if (grant?.revoked?.droppedAt === undefined || !isOf(grant, topic)) return undefined;
  return Date.parse(grant.revoked.droppedAt);
}

/** A grant with one more approval. What was granted on an earlier topic of the same name is left behind. */
export function withApproval(
  was: Grant | undefined,
  base: Pick<Grant, 'topic' | 'application' | 'topicLifetime'>,
  approved: Granted &
    (
      | { readonly kind: 'publish' }
      | { readonly kind: 'subscribe'; readonly receiver: string; readonly filter?: Filter | undefined }
    ),
): Grant {
  const kept: Grant = was !== undefined && was.topicLifetime === base.topicLifetime ? was : base;
  const { request, at } = approved;
  if (approved.kind === 'publish') return { ...kept, publish: { request, at } };
  const { receiver, filter } = approved;
  return {
    ...kept,
    subscribe: { ...kept.subscribe, [receiver]: { request, at, ...(filter !== undefined && { filter }) } },
  };
}

/** An end of a subscription: who owns it, and that application's parent, which manages it as well. */
export interface End {
  readonly owner: string;
  readonly parent?: string | undefined;
}

/**
 * Whether a subscription is still somebody's to make: of an application that manages both ends, of anybody, or by a
 * grant. An end that goes to another application takes those along that are not.
 * @param grants what the owner of the receiver, and its parent, may do with the topic.
 */
export function mayStaySubscribed(
  topic: Granting & End & { readonly access?: Access | undefined },
  receiver: End & { readonly receiver: string },
  filter: unknown,
  grants: readonly (Grant | undefined)[],
): boolean {
  if (subscribeMode(topic) === 'anyone') return true;
  const managers = [topic.owner, topic.parent].filter((name) => name !== undefined);
  if (managers.includes(receiver.owner)) return true;
  if (receiver.parent !== undefined && managers.includes(receiver.parent)) return true;
  return grants.some((grant) => grantsSubscription(grant, topic, receiver.receiver, filter));
}
