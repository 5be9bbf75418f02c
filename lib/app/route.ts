import {
  batchLimits,
  chooseRoute,
  messageBytes,
  messageOf,
  packBatches,
  type RoutableEvent,
  type Target,
} from '../core/routing.ts';
import type { Queues } from '../runtime/queues.ts';
import type { SendFailure, TopicSender } from '../runtime/topics.ts';

export interface RouteTools {
  readonly topics: TopicSender;
  readonly queues: Queues;
}

/**
 * Sends events to their target in batches as full as AWS takes them, all batches at once. Answers, in the order
 * of the events, why one was not stored, or undefined where AWS has it.
 */
export async function route(
  tools: RouteTools,
  target: Target,
  events: readonly RoutableEvent[],
): Promise<(SendFailure | undefined)[]> {
  const chosen = chooseRoute(target);
  const messages = events.map((event, index) => {
    const message = messageOf(event, target);
    return { ...message, index, bytes: messageBytes(message) };
  });
  const results: (SendFailure | undefined)[] = Array.from({ length: events.length });
  await Promise.all(
    packBatches(messages, batchLimits[chosen.kind]).map(async (batch) => {
      const failures =
        chosen.kind === 'topic'
          ? await tools.topics.send(chosen.topic, batch)
          : await tools.queues.send({ receiver: chosen.receiver, role: 'online' }, batch);
      for (const [position, message] of batch.entries()) results[message.index] = failures[position];
    }),
  );
  return results;
}
