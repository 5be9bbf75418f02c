import { isAccepted } from '../workload/model.ts';
import { type Checker, isSuccess } from './checker.ts';

/** Of fewer events it may be that the bus was down for all of them, or that no filter takes any. */
const manyEvents = { accepted: 20, delivered: 60 };

/** A run in which nothing happened says nothing: of many events some are accepted, and some are delivered. */
export const activity: Checker = {
  name: 'activity',
  *check({ model, attempts }) {
    const publications = [...model.publications.values()];
    const count = publications.length;
    if (count === 0) yield { message: 'No event was published.', about: [] };
    if (count >= manyEvents.accepted && !publications.some(isAccepted)) {
      yield { message: 'No event was accepted.', about: [] };
    }
    if (count >= manyEvents.delivered && !attempts.some(isSuccess)) {
      yield { message: 'No event was delivered.', about: [] };
    }
  },
};
