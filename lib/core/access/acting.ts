import type { ErrorCode } from '../kernel/errors.ts';
import { bus } from '../kernel/limits.ts';
import { owns, type Principal, type Role } from './access.ts';

/**
 * What is stored now and acts later (a delayed event, a schedule, a transaction, a held event …) records for whom it
 * acts, and on which lifetime of its target. This file decides whether it still may when its time has come: what was
 * permitted when it was stored says nothing about a target that has another owner since, or was made anew.
 */

/** For whom a stored row acts: an application, by the role of the key that stored the row. */
export interface Actor {
  readonly application: string;
  readonly role: Role;
}

export const actorOf = ({ application, role }: Principal): Actor => ({ application, role });

/** A topic or receiver as the registry has it, as far as it decides who may use it. */
export interface Lifetime {
  readonly owner: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Random, and another one each time the name is created; absent when it was created before there were any. */
  readonly incarnation?: string;
}

/** What a row records when it is stored. */
export interface Acting {
  readonly actor: Actor;
  /** Who owned the target then. */
  readonly owner: string;
  /** The target's incarnation then; absent when it had none. */
  readonly incarnation?: string;
}

export const actingOn = (actor: Actor, { owner, incarnation }: Lifetime): Acting => ({
  actor,
  owner,
  ...(incarnation !== undefined && { incarnation }),
});

/** The incarnation of a name: that of what stands there, or a new one. */
export function incarnationOf(
  existing: { readonly incarnation?: string } | undefined,
  fresh: string,
): { readonly incarnation?: string } {
  if (existing === undefined) return { incarnation: fresh };
  return existing.incarnation === undefined ? {} : { incarnation: existing.incarnation };
}

/**
 * Whether what was stored at a time belongs to the present lifetime of its name. A name that was created before there
 * were incarnations has its creation for one: what is older than that belongs to an earlier lifetime.
 * @param storedAtMs undefined when the row does not say; it then counts as young enough.
 */
export function isOfLifetime(
  { incarnation }: { readonly incarnation?: string | undefined },
  storedAtMs: number | undefined,
  lifetime: Pick<Lifetime, 'createdAt' | 'incarnation'>,
): boolean {
  if (incarnation !== undefined) return incarnation === lifetime.incarnation;
  return storedAtMs === undefined || storedAtMs >= Date.parse(lifetime.createdAt);
}

/**
 * Whether an actor may publish to a topic, or invoke a receiver, that has this owner.
 * @param children the present children of the actor's application, which it acts for as well.
 */
export const mayUse = (actor: Actor, owner: string, children: readonly string[] = []): boolean =>
  owns({ ...actor, children }, owner);

/** Names the present lifetime of a topic or receiver: another one each time the name is created. */
export const lifetimeOf = ({ incarnation, createdAt }: Pick<Lifetime, 'incarnation' | 'createdAt'>): string =>
  incarnation ?? createdAt;

/** Whether a stored row may act now. */
export type ActingDecision =
  /** `checkAnew`: its target has another owner than when it was checked, so the present rules apply to it. */
  | { readonly kind: 'act'; readonly checkAnew: boolean }
  | { readonly kind: 'refuse'; readonly code: ErrorCode; readonly detail: string };

/**
 * Decides whether a stored row may act on its target as it is now.
 * @param acting what the row recorded; undefined for a row from before rows recorded it, which acts as it was permitted
 * to then, but never on a later lifetime of its target.
 * @param storedAtMs when it was stored, if the row says so.
 * @param target undefined when it was deleted.
 * @param rights what the actor's application has now: its children, whether the topic lets it publish (topic-access.ts), and
 * until when the owner of the topic dropped what it had waiting, epoch milliseconds.
 */
export function mayAct(
  acting: Acting | undefined,
  storedAtMs: number | undefined,
  target: Lifetime | undefined,
  name: { readonly topic: string } | { readonly receiver: string },
  rights: {
    readonly children?: readonly string[] | undefined;
    readonly isGranted?: boolean;
    readonly droppedBeforeMs?: number | undefined;
  } = {},
): ActingDecision {
  const [kind, what] =
    'topic' in name
      ? (['topic', `The topic ${name.topic}`] as const)
      : (['receiver', `The receiver ${name.receiver}`] as const);
  if (target === undefined) {
    return {
      kind: 'refuse',
      code: `unknown_${kind}`,
      detail: `${what} was deleted after this was accepted. Create it again and retry, or delete this entry.`,
    };
  }
  if (!isOfLifetime(acting ?? {}, storedAtMs, target)) {
    return {
      kind: 'refuse',
      code: 'target_replaced',
      detail: replaced(what, target),
    };
  }
  const { droppedBeforeMs = Number.NEGATIVE_INFINITY } = rights;
  const isOwn = acting !== undefined && mayUse(acting.actor, target.owner, rights.children);
  if (!isOwn && storedAtMs !== undefined && storedAtMs < droppedBeforeMs) {
    const at = new Date(droppedBeforeMs).toISOString();
    return {
      kind: 'refuse',
      code: 'dropped',
      detail: `The owner of ${what.charAt(0).toLowerCase()}${what.slice(1)}, ${target.owner}, revoked the right to publish there at ${at} and dropped what was waiting. Ask for access with POST /v1/requests, then send it again, or delete this entry.`,
    };
  }
  if (acting === undefined) return { kind: 'act', checkAnew: false };
  const { actor, owner } = acting;
  if (!isOwn && rights.isGranted !== true) {
    return {
      kind: 'refuse',
      code: 'forbidden',
      detail: `${what} belongs to the application ${target.owner} now, and ${actor.application} may not publish there. Ask its owner or an admin.`,
    };
  }
  return { kind: 'act', checkAnew: owner !== target.owner };
}

const replaced = (what: string, { createdAt }: Lifetime): string =>
  `${what} was deleted and created again at ${createdAt}, after this was accepted for the earlier one. Retry it to publish it to the new one, or delete this entry.`;

/** A message in a lane of a receiver, as far as it tells what it was meant for. */
export interface Arrived {
  /** Undefined for what was sent to the receiver alone. */
  readonly topic: string | undefined;
  /** Of the topic, or of the receiver where there is none; undefined for a message from before it was written. */
  readonly incarnation: string | undefined;
  /** When it entered the lane, epoch milliseconds. */
  readonly enteredAtMs: number;
}

/**
 * Why a message must not be delivered: it is meant for an earlier lifetime of its topic or receiver. What entered the lane
 * before the present lifetime of its topic began came by a subscription to the earlier one, and is delivered: who
 * deletes a topic does not take back what its receivers have.
 * @param topic undefined when it was deleted, or there is none.
 */
export function misdirection(
  { topic: name, incarnation, enteredAtMs }: Arrived,
  receiver: Lifetime & { readonly receiver: string },
  topic: Lifetime | undefined,
): { readonly code: 'target_replaced'; readonly detail: string } | undefined {
  if (incarnation === undefined) return undefined;
  const refuse = (what: string, target: Lifetime) =>
    ({ code: 'target_replaced', detail: replaced(what, target) }) as const;
  if (name === undefined) {
    return isOfLifetime({ incarnation }, enteredAtMs, receiver)
      ? undefined
      : refuse(`The receiver ${receiver.receiver}`, receiver);
  }
  if (topic === undefined || isOfLifetime({ incarnation }, enteredAtMs, topic)) return undefined;
  const beganMs = Date.parse(topic.createdAt) - bus.clockSkewSeconds * 1000;
  return enteredAtMs < beganMs ? undefined : refuse(`The topic ${name}`, topic);
}
