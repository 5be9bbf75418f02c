import { isAccepted } from '../workload/model.ts';
import { type Checker, isSuccess } from './checker.ts';

/** A run in which nothing happened says nothing: something was accepted, and something was delivered. */
export const activity: Checker = {
  name: 'activity',
  *check({ model, attempts }) {
    if (![...model.publications.values()].some(isAccepted)) {
      yield { message: 'No event was accepted.', about: [] };
    }
    if (!attempts.some(isSuccess)) yield { message: 'No event was delivered.', about: [] };
  },
};
