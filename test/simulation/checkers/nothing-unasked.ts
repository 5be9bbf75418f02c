import { expectation, isRefused } from '../workload/model.ts';
import type { Checker } from './checker.ts';

/** No receiver gets what its filter refuses, what was not for it, or what nobody published. */
export const nothingUnasked: Checker = {
  name: 'nothing-unasked',
  *check({ model, attempts, deadLetters }) {
    for (const { receiver, eventId } of [...attempts, ...deadLetters]) {
      const publication = model.publications.get(eventId);
      const about = [eventId, receiver];
      if (publication === undefined) {
        yield { message: `${receiver} got ${eventId}, which nobody published.`, about };
      } else if (isRefused(publication)) {
        yield { message: `${receiver} got ${eventId}, which was refused.`, about };
      } else if (publication.transaction !== undefined) {
        // Transactions have a checker of their own.
      } else if (expectation(model, publication, receiver) === 'never') {
        yield { message: `${receiver} got ${eventId}, which it has no subscription for.`, about };
      }
    }
  },
};
