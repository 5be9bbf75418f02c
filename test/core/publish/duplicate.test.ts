import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  acceptance,
  dedupClaimSeconds,
  duplicateKey,
  newClaim,
} from '../../../lib/core/publish/duplicate.ts';
import { dedupSecondsMax } from '../../../lib/core/registry/topic.ts';

describe('the key of an event', () => {
  it('is the same for the same topic, incarnation, source and id, and for no others, however they are cut', () => {
    const parts = fc.tuple(fc.string(), fc.string(), fc.string(), fc.option(fc.string()));
    const key = ([topic, source, id, incarnation]: [string, string, string, string | null]) =>
      duplicateKey({ topic, ...(incarnation !== null && { incarnation }) }, { source, id });
    fc.assert(
      fc.property(parts, parts, (left, right) => {
        expect(key(left) === key(right)).toBe(JSON.stringify(left) === JSON.stringify(right));
      }),
    );
    expect(key(['a', 'b', 'c', null])).toBe(key(['a', 'b', 'c', null]));
  });
});

describe('a claim', () => {
  it('never runs out early, and outlives the function that took it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4e12 }),
        fc.integer({ min: 1, max: dedupSecondsMax }),
        (nowMs, seconds) => {
          expect(newClaim(nowMs).expiresAtSeconds * 1000).toBeGreaterThanOrEqual(
            nowMs + dedupClaimSeconds * 1000,
          );
          expect(acceptance(nowMs, seconds).expiresAtSeconds * 1000).toBeGreaterThanOrEqual(
            nowMs + seconds * 1000,
          );
        },
      ),
    );
    const publishTimeoutSeconds = 29;
    expect(dedupClaimSeconds).toBeGreaterThan(publishTimeoutSeconds);
  });

  it('differs from an acceptance', () => {
    expect(newClaim(0).state).toBe('claimed');
    expect(acceptance(0, 1).state).toBe('accepted');
  });
});
