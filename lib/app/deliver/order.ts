import { type Order, waves } from '../../core/order.ts';
import { packBatches, type Sized } from '../../core/routing.ts';
import type { SendFailure } from '../../runtime/topics.ts';
import type { Decision } from './settle.ts';
import type { Due } from './sort-out.ts';

/** What is behind an event of its key that is not delivered yet: it comes again with that one. */
export const behind = (message: Due['message']): Decision => ({ message, done: false, hideSeconds: 0 });

/** Runs the attempt of a delivery when it is its turn; where that does not come, it stays behind. */
export type InTurn = (due: Due, attempt: () => Promise<Decision>) => Promise<Decision>;

/**
 * Lets the deliveries of one key go one after the other, and each only after the one before was delivered: an event
 * that fails, dies or could not be tried ends the batch for its key. A dead letter, too: the next event of the key comes
 * when the queue has let the dead one go, so that no crash brings it back behind its successors. Deliveries without a
 * key go at once.
 * @param due with those of a key in its order.
 */
export function inOrder(due: readonly Due[]): InTurn {
  const turns = new Map<Due, { before: Promise<boolean>; end: (wasDelivered: boolean) => void }>();
  const last = new Map<string, Promise<boolean>>();
  for (const each of due) {
    const { group } = each.message;
    if (group === undefined) continue;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    turns.set(each, { before: last.get(group) ?? Promise.resolve(true), end: resolve });
    last.set(group, promise);
  }
  return async (each, attempt) => {
    const turn = turns.get(each);
    if (turn === undefined) return await attempt();
    let wasDelivered = false;
    try {
      if (!(await turn.before)) return behind(each.message);
      const decision = await attempt();
      wasDelivered = decision.done && decision.deadLetter === undefined;
      return decision;
    } finally {
      turn.end(wasDelivered);
    }
  };
}

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
