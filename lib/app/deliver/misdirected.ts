import { misdirection } from '../../core/access/acting.ts';
import { enteredAtMs } from '../../core/deliver/offload.ts';
import { publisherOf } from '../../core/event/publisher.ts';
import type { Target } from '../../core/event/target.ts';
import { bus } from '../../core/kernel/limits.ts';
import { applicationOf, refusedIdOf } from '../../core/refused/refused.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { TopicEntry } from '../../core/registry/topic.ts';
import { incarnationAttribute, redriveAttribute, topicAttribute } from '../../core/routing/routing.ts';
import type { ReceivedMessage } from '../../runtime/aws/queue-messages.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type KeepRefusedTools, keepRefused } from '../refused/keep-refused.ts';
import { type BatchContext, type Decision, postpone } from './batch.ts';
import { dropUncarried, type HandedOverTools } from './handed-over.ts';

/**
 * Leaves messages alone that entered the lane of an earlier receiver of the name: their queue was deleted with it, and
 * the batch was taken before. The queues of a declared receiver may be older than its row, and are deleted only by a
 * deployment.
 */
export function leaveFormer({ log }: Tools, context: BatchContext): void {
  const { receiver, createdAt, declared, incarnation } = context.receiver;
  if (declared || incarnation === undefined) return;
  // AWS makes a queue anew after a minute at the earliest.
  const madeMs = Date.parse(createdAt) - bus.clockSkewSeconds * 1000;
  const former = context.open.filter((message) => enteredAtMs(message) < madeMs);
  if (former.length === 0) return;
  log('warn', 'Messages of an earlier receiver of the same name were left alone', {
    receiver,
    messageIds: former.map(({ messageId }) => messageId),
  });
  context.decisions.push(...former.map((message) => ({ message, done: false })));
  context.open = context.open.filter((message) => !former.includes(message));
}

/**
 * Refuses messages that are meant for an earlier lifetime of their topic or receiver: a publisher that ran on after the
 * deletion sent them. They are listed for who published them, as what was stored and may not act.
 */
export async function refuseMisdirected(
  tools: HandedOverTools & KeepRefusedTools,
  context: BatchContext,
): Promise<void> {
  const { open, decisions, receiver } = context;
  const standing = await standingTopics(tools, open);
  const left: ReceivedMessage[] = [];
  for (const message of open) {
    const topic = fannedOutBy(message);
    if (topic !== undefined && !standing.has(topic)) {
      decisions.push(postpone(tools, message, bus.ownFaultSeconds));
      continue;
    }
    const found = topic === undefined ? undefined : standing.get(topic);
    const decision =
      (await refuseIfMisdirected(tools, message, receiver, found)) ??
      (found !== undefined && (found.handedOverAt ?? receiver.handedOverAt) !== undefined
        ? await dropUncarried(tools, message, { topic: found.topic, receiver: receiver.receiver })
        : undefined);
    if (decision === undefined) left.push(message);
    else decisions.push(decision);
  }
  context.open = left;
}

/** The topic by whose subscription a message came. What a redrive sent was given to this very receiver before. */
const fannedOutBy = ({ attributes }: ReceivedMessage): string | undefined =>
  redriveAttribute in attributes ? undefined : attributes[topicAttribute];

/** The topics of messages, undefined for one that was deleted; one that cannot be read is missing. */
async function standingTopics(
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

async function refuseIfMisdirected(
  tools: KeepRefusedTools & Tools,
  message: ReceivedMessage,
  receiver: Receiver,
  standing: TopicEntry | undefined,
): Promise<Decision | undefined> {
  const topic = fannedOutBy(message);
  const arrived = {
    topic,
    incarnation: message.attributes[incarnationAttribute],
    enteredAtMs: enteredAtMs(message),
  };
  const refusal = misdirection(arrived, receiver, standing);
  if (refusal === undefined) return undefined;
  const target = topic === undefined ? { receiver: receiver.receiver } : { topic };
  return await refuse(tools, message, target, { ...refusal, errors: [] });
}

async function refuse(
  tools: KeepRefusedTools & Tools,
  message: ReceivedMessage,
  target: Target,
  refusal: Parameters<typeof keepRefused>[2],
): Promise<Decision> {
  const { body, attributes } = message;
  const incarnation = attributes[incarnationAttribute] ?? '';
  const application = applicationOf(publisherOf(body));
  const { id, source } = identityOf(message);
  const refused = refusedIdOf('delivery', JSON.stringify([target, incarnation]), source, id);
  try {
    // Other receivers may have got it as well.
    if ((await tools.refused.find(application, refused)) === undefined) {
      const about = { id: refused, application, from: 'delivery', ...target, eventId: id } as const;
      await keepRefused(tools, about, refusal, body, incarnation);
    }
    return { message, done: true };
  } catch (error) {
    tools.log('error', 'A refused event could not be kept', { ...target, reason: String(error) });
    return postpone(tools, message, bus.ownFaultSeconds);
  }
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
