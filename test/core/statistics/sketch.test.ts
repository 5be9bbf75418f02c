import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { latencyCounts, plusCounts, sketchOf } from '../../../lib/core/statistics/counts.ts';
import { bucketOf, latencyOf, quantileOf, relativeError } from '../../../lib/core/statistics/sketch.ts';

const latencies = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 900_000 }), fc.double({ min: 1, max: 2000, noNaN: true })),
  {
    minLength: 1,
    maxLength: 300,
  },
);

/** The value of that rank, as the sketch counts ranks. */
const exact = (values: readonly number[], part: number): number =>
  values.toSorted((one, other) => one - other)[Math.floor(part * (values.length - 1))] ?? Number.NaN;

describe('a sketch of latencies', () => {
  it('is within its relative error of the exact quantile', () => {
    fc.assert(
      fc.property(latencies, fc.constantFrom(0, 0.5, 0.9, 0.99, 1), (values, part) => {
        const found = quantileOf(sketchOf(latencyCounts(values)), part) ?? Number.NaN;
        const right = exact(values, part);
        // Shown to a tenth of a millisecond.
        expect(Math.abs(found - right)).toBeLessThanOrEqual(right * relativeError + 0.051);
      }),
    );
  });

  it('is the same when it is merged from parts in any order', () => {
    fc.assert(
      fc.property(latencies, latencies, (one, other) => {
        const [left, right] = [latencyCounts(one), latencyCounts(other)];
        const whole = sketchOf(latencyCounts([...one, ...other]));
        expect(sketchOf(plusCounts(left, right))).toEqual(sketchOf(plusCounts(right, left)));
        for (const part of [0.5, 0.99]) {
          expect(quantileOf(sketchOf(plusCounts(left, right)), part)).toBe(quantileOf(whole, part));
        }
      }),
    );
  });

  it('has a bucket for everything, which stands for what is in it', () => {
    expect([bucketOf(0), bucketOf(1), bucketOf(1.05), bucketOf(900_000), bucketOf(1e12)]).toEqual([
      0, 0, 1, 137, 137,
    ]);
    for (let bucket = 1; bucket <= 137; bucket++) expect(bucketOf(latencyOf(bucket))).toBe(bucket);
  });

  it('of nothing has no quantile', () => {
    expect(quantileOf(sketchOf({ delivered: 3 }), 0.5)).toBeNull();
  });
});
