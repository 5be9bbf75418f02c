import type { Checker } from './checker.ts';

/** Events of a transaction come after somebody said commit, and never when it was rolled back. */
export const transactions: Checker = {
  name: 'transactions',
  *check({ model, attempts, transactionStates }) {
    for (const { eventId, receiver, startMs } of attempts) {
      const publication = model.publications.get(eventId);
      const transaction = model.transactions.get(publication?.transaction ?? '');
      if (transaction === undefined) continue;
      const about = [eventId, transaction.id];
      const { commitStartMs, rolledBackMs } = transaction;
      if (rolledBackMs !== undefined || transactionStates.get(transaction.id) === 'rolled-back') {
        yield { message: `${receiver} got ${eventId} of ${transaction.id}, which is rolled back.`, about };
      } else if (commitStartMs === undefined || startMs < commitStartMs) {
        yield {
          message: `${receiver} got ${eventId} of ${transaction.id} before anybody committed it.`,
          about,
        };
      }
    }
    for (const { id, committed, rolledBackMs } of model.transactions.values()) {
      const state = transactionStates.get(id);
      const isContrary =
        (committed === true && state !== 'committed') ||
        (rolledBackMs !== undefined && state !== 'rolled-back');
      if (isContrary && state !== undefined) {
        yield { message: `${id} is ${state} though the bus had answered otherwise.`, about: [id] };
      }
      if (state === 'half') yield { message: `${id} is still open at the end.`, about: [id] };
    }
  },
};
