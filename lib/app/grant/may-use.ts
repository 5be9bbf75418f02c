import { owns, type Principal } from '../../core/access/access.ts';
import { publishMode, subscribeMode } from '../../core/access/topic-access.ts';
import {
  droppedBeforeMs,
  grantsPublish,
  grantsSubscription,
  mayStaySubscribed,
} from '../../core/grant/grant.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { Topic, TopicEntry } from '../../core/registry/topic.ts';
import type { Parts } from '../../runtime/tools.ts';

type GrantTools = Parts<'grants'>;

/**
 * Whether an application that does not own a topic may publish to it: everybody where the topic says so, and whom the
 * owner approved. What is a few seconds old decides, so a revoked grant ends within five.
 */
async function mayPublish(tools: GrantTools, application: string, topic: Topic): Promise<boolean> {
  if (publishMode(topic) === 'anyone') return true;
  return grantsPublish(await tools.grants.cached(topic.topic, application), topic);
}

/** The same for what an application has stored, and until when the owner of the topic dropped that. */
export async function rightsToPublish(
  tools: GrantTools,
  application: string,
  topic: Topic,
): Promise<{ isGranted: boolean; droppedBeforeMs: number | undefined }> {
  const grant = await tools.grants.cached(topic.topic, application);
  return {
    isGranted: publishMode(topic) === 'anyone' || grantsPublish(grant, topic),
    droppedBeforeMs: droppedBeforeMs(grant, topic),
  };
}

/**
 * The same for a caller that does not own the topic.
 * @throws BusbarError forbidden, with the way to get access.
 */
export async function requirePublish(tools: GrantTools, principal: Principal, topic: Topic): Promise<void> {
  if (await mayPublish(tools, principal.application, topic)) return;
  throw notAllowed(
    principal,
    topic,
    'publish to it',
    publishMode(topic) === 'request'
      ? `POST /v1/requests {"kind": "publish", "topic": "${topic.topic}"}`
      : undefined,
  );
}

/** Whether the caller may subscribe its receiver with this filter. @throws BusbarError forbidden, as above. */
export async function requireSubscribe(
  tools: GrantTools,
  principal: Principal,
  topic: Topic,
  receiver: string,
  filter: unknown,
): Promise<void> {
  const mode = subscribeMode(topic);
  if (owns(principal, topic.owner) || mode === 'anyone') return;
  const grant = await tools.grants.find(topic.topic, principal.application);
  if (grantsSubscription(grant, topic, receiver, filter)) return;
  throw notAllowed(
    principal,
    topic,
    `subscribe ${receiver} with this filter`,
    mode === 'request'
      ? `POST /v1/requests {"kind": "subscribe", "topic": "${topic.topic}", "receiver": "${receiver}"}`
      : undefined,
  );
}

/** Whether the rights of both owners still carry a subscription (`mayStaySubscribed`). */
export async function mayStay(
  tools: Parts<'grants' | 'applications'>,
  topic: TopicEntry | Topic,
  receiver: Receiver,
  filter: unknown,
): Promise<boolean> {
  const parentOf = async (owner: string) => (await tools.applications.find(owner))?.parent;
  const [ofTopic, ofReceiver] = await Promise.all([parentOf(topic.owner), parentOf(receiver.owner)]);
  const grants = await Promise.all(
    [receiver.owner, ofReceiver].map((name) =>
      name === undefined ? undefined : tools.grants.find(topic.topic, name),
    ),
  );
  return mayStaySubscribed(
    { ...topic, parent: ofTopic },
    { receiver: receiver.receiver, owner: receiver.owner, parent: ofReceiver },
    filter,
    grants,
  );
}

function notAllowed(
  { application }: Principal,
  { topic, owner }: Topic,
  what: string,
  way: string | undefined,
): BusbarError {
  const remedy =
    way === undefined ? 'It takes no requests; ask its owner or an admin.' : `Ask for it with ${way}.`;
  return new BusbarError(
    'forbidden',
    `The topic ${topic} belongs to the application ${owner}; this key belongs to ${application}, which may not ${what}. ${remedy}`,
  );
}
