import { enteredAtMs } from '../../core/deliver/offload.ts';
import { bus } from '../../core/kernel/limits.ts';
import type { ReceivedMessage } from '../../runtime/aws/queue-messages.ts';
import type { Tools } from '../../runtime/tools.ts';
import { mayStay } from '../grant/may-use.ts';
import { type Decision, postpone } from './batch.ts';

export type HandedOverTools = Tools<'registry' | 'grants' | 'applications'>;

/**
 * Drops what came by a subscription that rests on the rights of a former owner, while the call that gave the topic or the
 * receiver away has not ended it: it was interrupted, or has only begun. What entered the lane before is delivered, as
 * after the end of any subscription. Returns undefined for a message that is delivered.
 */
export async function dropUncarried(
  tools: HandedOverTools,
  message: ReceivedMessage,
  about: { readonly topic: string; readonly receiver: string },
): Promise<Decision | undefined> {
  try {
    if (await isCarried(tools, message, about)) return undefined;
  } catch (error) {
    tools.log('error', 'The rights of a subscription could not be read', { ...about, reason: String(error) });
    return postpone(tools, message, bus.ownFaultSeconds);
  }
  tools.log('warn', 'An event was dropped that came by a subscription of a former owner', {
    ...about,
    messageId: message.messageId,
  });
  return { message, done: true };
}

/** Everything is read anew: what is cached may be from before somebody allowed the subscription. */
async function isCarried(
  tools: HandedOverTools,
  message: ReceivedMessage,
  about: { readonly topic: string; readonly receiver: string },
): Promise<boolean> {
  const [topic, receiver, subscription] = await Promise.all([
    tools.registry.topic(about.topic),
    tools.registry.receiver(about.receiver),
    tools.registry.subscription(about.topic, about.receiver),
  ]);
  // Who deletes one of them leaves what waits.
  if (topic === undefined || receiver === undefined || subscription?.declared) return true;
  const marks = [receiver.handedOverAt, topic.handedOverAt].filter((mark) => mark !== undefined);
  const isOlder = marks.every((mark) => enteredAtMs(message) < Date.parse(mark));
  return isOlder || (await mayStay(tools, topic, receiver, subscription?.filter));
}
