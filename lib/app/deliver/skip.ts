import { enteredAtMs } from '../../core/deliver/offload.ts';
import { isSkipped } from '../../core/registry/flow.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { ReceivedMessage } from '../../runtime/aws/queue-messages.ts';
import type { Log } from '../../runtime/log.ts';
import type { SkipStore } from '../../runtime/stores/skips.ts';
import type { Decision } from './decision.ts';

export interface SkipTools {
  readonly skips: SkipStore;
  readonly log: Log;
}

/**
 * Parts a batch into what its receiver skips and what is to be delivered. What is dropped is counted before it
 * leaves the queue: if the count cannot be written, this throws, and the batch comes again.
 */
export async function dropSkipped(
  tools: SkipTools,
  receiver: Receiver,
  messages: readonly ReceivedMessage[],
): Promise<{ skipped: Decision[]; messages: readonly ReceivedMessage[] }> {
  const { skip } = receiver;
  const old = messages.filter((message) => isSkipped(skip, enteredAtMs(message)));
  if (skip === undefined || old.length === 0) return { skipped: [], messages };
  await tools.skips.countDropped(receiver.receiver, skip, old.length);
  tools.log('warn', 'Events were skipped', {
    receiver: receiver.receiver,
    before: skip.before,
    messageIds: old.map(({ messageId }) => messageId),
  });
  return {
    skipped: old.map((message) => ({ message, done: true })),
    messages: messages.filter((message) => !old.includes(message)),
  };
}
