import type { Meter } from './engines/engine.ts';

export interface CountingMeter extends Meter {
  /** Everything counted so far, by unit. */
  counts(): Readonly<Record<string, number>>;
  reset(): void;
}

/** Sums the billable units that the engines count; prices are the business of the bill. */
export function countingMeter(): CountingMeter {
  let sums = new Map<string, number>();
  return {
    count: (unit, quantity) => void sums.set(unit, (sums.get(unit) ?? 0) + quantity),
    counts: () => Object.fromEntries([...sums].sort(([left], [right]) => (left < right ? -1 : 1))),
    reset: () => {
      sums = new Map();
    },
  };
}
