import type { Checker } from './checker.ts';

/** From which state a breaker may come to which; none of them needs a hand here. */
const legal: Readonly<Record<string, readonly string[]>> = {
  closed: ['closed', 'open'],
  open: ['open', 'half-open', 'closed'],
  'half-open': ['half-open', 'closed', 'open'],
};

/**
 * A breaker goes from closed to open, from there by a probe that succeeds to half-open, and so back. It may stay open
 * when all is well: what tries the endpoint is an event that waits, and there may be none.
 */
export const breaker: Checker = {
  name: 'breaker',
  *check({ breakerStates }) {
    for (const [receiver, states] of breakerStates) {
      let before = 'closed';
      for (const { kind } of states) {
        if (legal[before]?.includes(kind) !== true) {
          yield { message: `The breaker of ${receiver} went from ${before} to ${kind}.`, about: [receiver] };
        }
        before = kind;
      }
    }
  },
};
