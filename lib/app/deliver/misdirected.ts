import { enteredAtMs } from '../../core/deliver/offload.ts';
import { bus } from '../../core/kernel/limits.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { TopicEntry } from '../../core/registry/topic.ts';
import type { ReceivedMessage } from '../../runtime/aws/queue-messages.ts';
import type { Tools } from '../../runtime/tools.ts';
import type { KeepRefusedTools } from '../refused/keep-refused.ts';
import { fannedOutBy, refuseIfMisdirected, standingTopics } from '../refused/misdirected.ts';
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
      (await refuse(tools, message, receiver, found)) ??
      (found !== undefined && (found.handedOverAt ?? receiver.handedOverAt) !== undefined
        ? await dropUncarried(tools, message, { topic: found.topic, receiver: receiver.receiver })
        : undefined);
    if (decision === undefined) left.push(message);
    else decisions.push(decision);
  }
  context.open = left;
}

async function refuse(
  tools: KeepRefusedTools & Tools,
  message: ReceivedMessage,
  receiver: Receiver,
  standing: TopicEntry | undefined,
): Promise<Decision | undefined> {
  try {
    return (await refuseIfMisdirected(tools, message, receiver, standing))
      ? { message, done: true }
      : undefined;
  } catch (error) {
    const about = { receiver: receiver.receiver, topic: fannedOutBy(message) };
    tools.log('error', 'A refused event could not be kept', { ...about, reason: String(error) });
    return postpone(tools, message, bus.ownFaultSeconds);
  }
}
