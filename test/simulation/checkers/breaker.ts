import { type Attempt, type Checker, mayHaveWorked } from './checker.ts';

/** From which state a breaker may come to which; none of them needs a hand here. */
const legal: Readonly<Record<string, readonly string[]>> = {
  closed: ['closed', 'open'],
  open: ['open', 'half-open'],
  'half-open': ['half-open', 'closed', 'open'],
};

/**
 * A breaker goes from closed to open, from there by a probe that the endpoint answered to half-open, and so back. It may
 * stay open when all is well: what tries the endpoint is an event that waits, and there may be none.
 */
export const breaker: Checker = {
  name: 'breaker',
  *check({ breakerStates, attempts }) {
    const byReceiver = Map.groupBy(attempts, ({ receiver }) => receiver);
    for (const [receiver, states] of breakerStates) {
      const about = [receiver];
      let before = { kind: 'closed', atMs: 0 };
      let openedMs = 0;
      for (const state of states) {
        if (legal[before.kind]?.includes(state.kind) !== true) {
          yield { message: `The breaker of ${receiver} went from ${before.kind} to ${state.kind}.`, about };
        }
        if (before.kind !== 'open' && state.kind === 'open') openedMs = state.atMs;
        if (before.kind === 'open' && state.kind === 'half-open') {
          const isProbe = ({ startMs, endMs = Number.POSITIVE_INFINITY }: Attempt) =>
            startMs >= openedMs && endMs <= state.atMs;
          if (!byReceiver.get(receiver)?.some((attempt) => isProbe(attempt) && mayHaveWorked(attempt)))
            yield { message: `The breaker of ${receiver} is half-open without a probe that worked.`, about };
        }
        before = state;
      }
    }
  },
};
