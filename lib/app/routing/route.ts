import type { Target } from '../../core/event/target.ts';
import {
  batchLimits,
  chooseRoute,
  messageBytes,
  messageOf,
  type RoutableEvent,
} from '../../core/routing/routing.ts';
import type { SendFailure } from '../../runtime/aws/topics.ts';
import type { Parts } from '../../runtime/tools.ts';
import { sendAll } from './send-all.ts';

export type RouteTools = Parts<'topics' | 'queues'>;

/**
 * Sends events to their target in batches as full as AWS allows. Returns, in the order of the events, why one was not
 * stored, or undefined for one that AWS has.
 */
export async function route(
  tools: RouteTools,
  target: Target,
  events: readonly RoutableEvent[],
): Promise<(SendFailure | undefined)[]> {
  const chosen = chooseRoute(target);
  const messages = events.map((event) => {
    const message = messageOf(event, target);
    return { ...message, bytes: messageBytes(message) };
  });
  return await sendAll(messages, batchLimits[chosen.kind], (batch) =>
    chosen.kind === 'topic'
      ? tools.topics.send(chosen.topic, batch)
      : tools.queues.send({ receiver: chosen.receiver, role: 'online' }, batch),
  );
}
