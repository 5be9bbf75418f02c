import type { Checker } from './checker.ts';

/** The meter says what the calls that were made come to. */
export const bill: Checker = {
  name: 'bill',
  *check({ bill: { metered, counted } }) {
    for (const [unit, quantity] of Object.entries(counted)) {
      if (Math.abs((metered[unit] ?? 0) - quantity) < 1e-6 * quantity + 1e-9) continue;
      yield {
        message: `The meter says ${metered[unit] ?? 0} ${unit}, where ${quantity} were counted.`,
        about: [],
      };
    }
  },
};
