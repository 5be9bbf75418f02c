import { isAccepted } from '../workload/model.ts';
import { type Checker, isSuccess } from './checker.ts';

/** From so many events on a run has to deliver some; of a few it may be that no filter takes any. */
const manyEvents = 60;

/** A run in which nothing happened says nothing: something was accepted, and of many events something was delivered. */
export const activity: Checker = {
  name: 'activity',
  *check({ model, attempts }) {
    if (![...model.publications.values()].some(isAccepted)) {
      yield { message: 'No event was accepted.', about: [] };
    }
    if (!attempts.some(isSuccess) && model.publications.size >= manyEvents)
      yield { message: 'No event was delivered.', about: [] };
  },
};
