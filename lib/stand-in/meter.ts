import type { Meter } from './engines/engine.ts';

export interface CountingMeter extends Meter {
  /** Everything counted so far, by unit. */
  counts(): Readonly<Record<string, number>>;
  reset(): void;
  /** Runs work that AWS would not bill, because it is not part of the program. For synchronous calls only. */
  uncounted<Result>(work: () => Result): Result;
}

/** Sums the billable units that the engines count. Prices are not its business. */
export function countingMeter(): CountingMeter {
  let sums = new Map<string, number>();
  let counting = true;
  return {
    count(unit, quantity) {
      if (counting) sums.set(unit, (sums.get(unit) ?? 0) + quantity);
    },
    counts: () => Object.fromEntries([...sums].sort(([left], [right]) => (left < right ? -1 : 1))),
    reset: () => {
      sums = new Map();
    },
    uncounted(work) {
      counting = false;
      try {
        return work();
      } finally {
        counting = true;
      }
    },
  };
}
