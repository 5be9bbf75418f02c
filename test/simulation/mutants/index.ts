import { accessMutants } from './list/access.ts';
import { breakerMutants } from './list/breaker.ts';
import { deliveryMutants } from './list/delivery.ts';
import { publishingMutants } from './list/publishing.ts';
import { tellingMutants } from './list/telling.ts';
import { timeMutants } from './list/time.ts';
import type { Mutant } from './mutant.ts';

/** Every bug that the simulation has to find. */
export const mutants: readonly Mutant[] = [
  ...deliveryMutants,
  ...breakerMutants,
  ...publishingMutants,
  ...timeMutants,
  ...accessMutants,
  ...tellingMutants,
];
