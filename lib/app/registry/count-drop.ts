import { eventsDropped } from '../../core/registry/drop.ts';
import type { Drop } from '../../core/registry/receiver.ts';
import type { ReceivedMessage } from '../../runtime/aws/queue-messages.ts';
import type { Tools } from '../../runtime/tools.ts';

/** Counts what a drop takes from a receiver, and names it in the log: before it leaves the queue. */
export async function countDrop(
  tools: Tools<'skips'>,
  receiver: string,
  drop: Drop,
  messages: readonly ReceivedMessage[],
): Promise<void> {
  await tools.skips.countDropped(receiver, drop, messages.length);
  const messageIds = messages.map(({ messageId }) => messageId);
  tools.log('warn', eventsDropped, { receiver, topic: drop.topic, messageIds });
}
