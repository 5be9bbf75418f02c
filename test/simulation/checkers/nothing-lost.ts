import { expectation } from '../workload/model.ts';
import { byDelivery, type Checker, isSuccess } from './checker.ts';

/** What was accepted ends delivered, or as a dead letter with a cause. */
export const nothingLost: Checker = {
  name: 'nothing-lost',
  *check({ model, attempts, deadLetters, deaths }) {
    const groups = byDelivery(attempts);
    const dead = new Set(deadLetters.map(({ receiver, eventId }) => `${receiver} ${eventId}`));
    for (const publication of model.publications.values()) {
      for (const receiver of model.receivers.keys()) {
        if (expectation(model, publication, receiver) !== 'must') continue;
        const key = `${receiver} ${publication.id}`;
        if (groups.get(key)?.some(isSuccess) === true || dead.has(key)) continue;
        yield {
          message: `${publication.id} was accepted (${publication.via}), and ${receiver} neither got it nor has it as a dead letter.`,
          about: [publication.id, receiver],
        };
      }
    }
    for (const { id, receiver, eventId, cause = '' } of deadLetters) {
      // Only SQS says no more of it than that it is poison: what the bus itself moved there had an attempt that failed.
      if (cause !== '' && !(cause === 'poison' && deaths.has(id))) continue;
      yield {
        message: `The dead letter ${eventId} of ${receiver} has no cause.`,
        about: [eventId, receiver],
      };
    }
  },
};
