import type { Order } from '../../core/routing/order.ts';
import { waves } from '../../core/routing/order.ts';
import type { Sized } from '../../core/routing/routing.ts';
import { packBatches } from '../../core/routing/routing.ts';
import type { SendFailure } from '../../runtime/aws/topics.ts';

/** Why a message that would overtake another one is not sent, in words. */
export const overtaking =
  'An earlier event of the same key could not be stored, and this one would overtake it';

/**
 * Sends messages in batches as full as AWS allows, all at once. Messages with an order go in waves, one after the other;
 * once one has failed, no later message of its group is sent. Returns, in the order of the messages, why a message
 * was not taken, or undefined if it was.
 */
export async function sendAll<Message extends Sized & { readonly order?: Order }>(
  messages: readonly Message[],
  limits: Parameters<typeof packBatches>[1],
  send: (batch: readonly Message[]) => Promise<(SendFailure | undefined)[]>,
): Promise<(SendFailure | undefined)[]> {
  const failures = new Map<Message, SendFailure>();
  const failedGroups = new Set<string>();
  for (const wave of waves(messages)) {
    const going = wave.filter((message) => {
      const overtakes = message.order !== undefined && failedGroups.has(message.order.group);
      if (overtakes) failures.set(message, { retryable: true, reason: overtaking, overtakes: true });
      return !overtakes;
    });
    await Promise.all(
      packBatches(going, limits).map(async (batch) => {
        const answers = await send(batch);
        for (const [position, message] of batch.entries()) {
          const failure = answers[position];
          if (failure === undefined) continue;
          failures.set(message, failure);
          if (message.order !== undefined) failedGroups.add(message.order.group);
        }
      }),
    );
  }
  return messages.map((message) => failures.get(message));
}
