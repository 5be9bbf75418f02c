import type { Checker } from './checker.ts';

/** Nobody is refused what is right. */
export const answers: Checker = {
  name: 'answers',
  *check({ model }) {
    for (const message of model.surprises) yield { message, about: [] };
  },
};
