import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isStale, slotMs, slotsBefore, slotsToTake } from '../../../lib/core/deliver/pace.ts';

describe('the slots of a pace', () => {
  it('follow one another at the rate and end where the next one begins', () => {
    expect(slotsBefore(1_000_000, 4, 10)).toEqual([999_600, 999_700, 999_800, 999_900]);
  });

  it('are taken two seconds at a time, and one at least', () => {
    expect(slotsToTake(10, 100)).toBe(10);
    expect(slotsToTake(10, 2)).toBe(4);
    expect(slotsToTake(10, 0.1)).toBe(1);
  });

  it('are exact to the microsecond, so that a day of them is within a millisecond of the rate', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 100_000, noNaN: true }), (perSecond) => {
        expect(Math.abs(slotMs(perSecond) - 1000 / perSecond)).toBeLessThanOrEqual(0.0005);
      }),
    );
  });

  it('are stale a quarter of a second after they began', () => {
    expect(isStale(1000, 1250)).toBe(false);
    expect(isStale(1000, 1251)).toBe(true);
  });
});
