import { misdirection } from '../../core/access/acting.ts';
import { enteredAtMs } from '../../core/deliver/offload.ts';
import { publisherOf } from '../../core/event/publisher.ts';
import { applicationOf, refusedIdOf } from '../../core/refused/refused.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { TopicEntry } from '../../core/registry/topic.ts';
import { incarnationAttribute, redriveAttribute, topicAttribute } from '../../core/routing/routing.ts';
import type { ReceivedMessage } from '../../runtime/aws/queue-messages.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type KeepRefusedTools, keepRefused } from './keep-refused.ts';

/** The topic by whose subscription a message came. What a redrive sent was given to this very receiver before. */
export const fannedOutBy = ({ attributes }: ReceivedMessage): string | undefined =>
  redriveAttribute in attributes ? undefined : attributes[topicAttribute];

/** The topics of messages, undefined for one that was deleted; one that cannot be read is missing. */
export async function standingTopics(
  { registry, log }: Tools<'registry'>,
  messages: readonly ReceivedMessage[],
): Promise<ReadonlyMap<string, TopicEntry | undefined>> {
  const names = new Set(messages.map(fannedOutBy).filter((name) => name !== undefined));
  const found = new Map<string, TopicEntry | undefined>();
  await Promise.all(
    [...names].map(async (topic) => {
      try {
        found.set(topic, await registry.lifetimeOfTopic(topic));
      } catch (error) {
        log('error', 'The topic of an event could not be read', { topic, reason: String(error) });
      }
    }),
  );
  return found;
}

/**
 * Lists a message for who published it when it is meant for an earlier lifetime of its topic or receiver. Returns whether
 * it is, and so must not be delivered; throws when that could not be listed.
 * @param standing its topic, undefined when it was deleted, or there is none.
 */
export async function refuseIfMisdirected(
  tools: KeepRefusedTools,
  message: ReceivedMessage,
  receiver: Receiver,
  standing: TopicEntry | undefined,
): Promise<boolean> {
  const { body, attributes } = message;
  const topic = fannedOutBy(message);
  const incarnation = attributes[incarnationAttribute];
  const refusal = misdirection({ topic, incarnation, enteredAtMs: enteredAtMs(message) }, receiver, standing);
  if (refusal === undefined) return false;
  const target = topic === undefined ? { receiver: receiver.receiver } : { topic };
  const application = applicationOf(publisherOf(body));
  const { id, source } = identityOf(message);
  const refused = refusedIdOf('delivery', JSON.stringify([target, incarnation ?? '']), source, id);
  // Other receivers may have got it as well.
  if ((await tools.refused.find(application, refused)) === undefined) {
    const about = { id: refused, application, from: 'delivery', ...target, eventId: id } as const;
    await keepRefused(tools, about, { ...refusal, errors: [] }, body, incarnation ?? '');
  }
  return true;
}

/** What tells an event from others; the message's own id for one that is no event. */
function identityOf({ body, messageId }: ReceivedMessage): { readonly id: string; readonly source: string } {
  try {
    const { id, source }: Record<string, unknown> = JSON.parse(body) ?? {};
    if (typeof id === 'string' && typeof source === 'string') return { id, source };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { id: messageId, source: '' };
}
