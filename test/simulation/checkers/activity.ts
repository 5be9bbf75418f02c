import { isAccepted } from '../workload/model.ts';
import { type Checker, isSuccess } from './checker.ts';

/** Of fewer operations it may be that none publishes. */
const manyOperations = 15;

/**
 * A run in which nothing happened says nothing: of many operations some publish. It may be that the bus was down for all of
 * these; what producers publish when all is well again is accepted, each event of it, and delivered.
 */
export const activity: Checker = {
  name: 'activity',
  *check({ model, attempts, healedMs }) {
    const publications = [...model.publications.values()];
    const late = publications.filter(
      ({ submissions: [first] }) => first !== undefined && first.startMs >= healedMs,
    );
    if (model.operations >= manyOperations && late.length === publications.length)
      yield { message: 'No event was published while things failed.', about: [] };
    if (late.length === 0) yield { message: 'No event was published when all was well.', about: [] };
    for (const publication of late) {
      if (isAccepted(publication)) continue;
      yield { message: `${publication.id} was not accepted when all was well.`, about: [publication.id] };
    }
    if (!attempts.some(isSuccess)) yield { message: 'No event was delivered.', about: [] };
  },
};
