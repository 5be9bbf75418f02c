import type { Order } from '../../core/routing/order.ts';
import { waves } from '../../core/routing/order.ts';
import type { Sized } from '../../core/routing/routing.ts';
import { packBatches } from '../../core/routing/routing.ts';
import type { SendFailure } from '../../runtime/aws/topics.ts';
/** Why a message was not even sent. */
export const overtaking =
  'An earlier event of its key could not be stored, and this one would have overtaken it';

/**
 * Sends messages in batches as full as AWS takes them, all at once. Those with an order go in waves, one after the other,
 * and behind one that was not taken no other of its group goes. Answers, in the order of the messages, why one was not
 * taken, or undefined where it was.
 */
export async function sendAll<Message extends Sized & { readonly order?: Order }>(
  messages: readonly Message[],
  limits: Parameters<typeof packBatches>[1],
  send: (batch: readonly Message[]) => Promise<(SendFailure | undefined)[]>,
): Promise<(SendFailure | undefined)[]> {
  const failures = new Map<Message, SendFailure>();
  const refused = new Set<string>();
  for (const wave of waves(messages)) {
    const going = wave.filter((message) => {
      const overtakes = message.order !== undefined && refused.has(message.order.group);
      if (overtakes) failures.set(message, { retryable: true, reason: overtaking });
      return !overtakes;
    });
    await Promise.all(
      packBatches(going, limits).map(async (batch) => {
        const answers = await send(batch);
        for (const [position, message] of batch.entries()) {
          const failure = answers[position];
          if (failure === undefined) continue;
          failures.set(message, failure);
          if (message.order !== undefined) refused.add(message.order.group);
        }
      }),
    );
  }
  return messages.map((message) => failures.get(message));
}
