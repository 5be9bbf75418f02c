import type { Decision, Due } from './decision.ts';
import { behind } from './decision.ts';

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
